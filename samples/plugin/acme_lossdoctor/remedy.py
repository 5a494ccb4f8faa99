"""A lower momentum, for a trial."""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.remedy import Remedy


class LowerMomentum(Remedy):
    """Step with the momentum given."""

    id = "lower-momentum"
    says = "momentum = {momentum}"
    safety = "safe"

    def step_begins(self, optimizer: Any) -> None:
        """Set it in every group that has one."""
        for group in optimizer.param_groups:
            if group.get("momentum"):
                group["momentum"] = float(self.args["momentum"])
                self.applied += 1
