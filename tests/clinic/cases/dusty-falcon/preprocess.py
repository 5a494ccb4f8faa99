"""Turns raw field measurements of seedlings into arrays, writes and reads the cache."""
from pathlib import Path

import numpy as np

SPECIES = ["alder", "birch", "cedar", "douglas", "elm", "fir"]


class FieldCampaign:
    def __init__(self, plots, per_plot, seed):
        self.rng = np.random.default_rng(seed)
        self.plots, self.per_plot = plots, per_plot
        self.outline = self.rng.normal(0, 1, size=(len(SPECIES), 3, 2))

    def leaf(self, kind):
        """Radius profile of a leaf in 40 directions plus venation counts."""
        a = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        r = 3 + sum(c * np.cos((k + 1) * a) + s * np.sin((k + 1) * a)
                    for k, (c, s) in enumerate(0.35 * self.outline[kind]))
        return r * self.rng.uniform(0.8, 1.2) + 0.7 * self.rng.standard_normal(40)

    def records(self):
        for plot in range(self.plots):
            for _ in range(self.per_plot):
                kind = int(self.rng.integers(len(SPECIES)))
                yield {"plot": plot, "species": kind, "profile": self.leaf(kind),
                       "light": self.rng.uniform(), "height": self.rng.gamma(4.0)}


def build_cache(campaign, path):
    rows = list(campaign.records())
    profile = np.stack([r["profile"] for r in rows]).astype(np.float32)
    profile /= np.linalg.norm(profile, axis=1, keepdims=True)
    site = np.array([[r["light"], r["height"] / 4.0] for r in rows], dtype=np.float32)
    np.savez(path, profile=profile, site=site,
             species=np.array([r["species"] for r in rows]), plot=np.array([r["plot"] for r in rows]))


def tidy(table, seed):
    """Drops implausible seedlings and mixes the plots."""
    keep = table["site"][:, 1] < 3.0
    rng = np.random.default_rng(seed)
    table = {k: v[keep] for k, v in table.items()}
    return {k: rng.permutation(v) for k, v in table.items()}


def load_cache(path, held_out_fraction=0.2, seed=0):
    with np.load(Path(path)) as z:
        table = tidy({k: z[k] for k in z.files}, seed)
    cut = int(len(table["species"]) * (1 - held_out_fraction))
    return {k: v[:cut] for k, v in table.items()}, {k: v[cut:] for k, v in table.items()}
