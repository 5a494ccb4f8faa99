"""JUnit XML: one test case per cause, for CI systems which draw tests."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from lossdoctor.trace.model import Diagnosis, Finding, Trace

from .clean import cleaned
from .walk import leaves
from .wording import PROOFS, error_text, evidence_rows, place


class JunitReport:
    """``--format junit``: a finding fails its case, a missing answer skips it, a cause ruled out passes it."""

    name = "junit"
    filename = "junit.xml"

    def __init__(self, root: Path | None = None) -> None:
        self.root = root

    def render(self, diagnosis: Diagnosis, trace: Trace | None = None) -> str:
        """One ``<testsuite>`` for the script."""
        diagnosis = cleaned(diagnosis)
        suite = ET.Element("testsuite", name=f"lossdoctor {diagnosis.script}")
        properties = ET.SubElement(suite, "properties")
        for name, value in (
            ("verdict", diagnosis.verdict),
            ("root_cause", diagnosis.root_cause or ""),
            ("proof", diagnosis.proof),
            ("steps", str(diagnosis.steps)),
        ):
            ET.SubElement(properties, "property", name=name, value=value)
        for stage, leaf in leaves(diagnosis):
            case = _case(suite, stage, leaf.cause)
            finding = diagnosis.finding(leaf.cause)
            if leaf.state == "unknown":
                ET.SubElement(case, "skipped", message=leaf.reason or "cannot tell")
            elif finding and finding.suppressed:
                ET.SubElement(case, "skipped", message=f"suppressed: {finding.suppressed}")
            elif finding and finding.severity != "info":
                failure = ET.SubElement(case, "failure", message=finding.title, type=finding.severity)
                failure.text = self._account(diagnosis, finding)
            else:
                ET.SubElement(case, "system-out").text = leaf.reason
        if diagnosis.verdict == "inconclusive":
            line, traceback = error_text(diagnosis.error or {"message": diagnosis.summary})
            error = ET.SubElement(_case(suite, "runs", "diagnosis"), "error", message=line, type="inconclusive")
            error.text = traceback or diagnosis.summary
        counts = {
            "tests": len(suite.findall("testcase")),
            "failures": len(suite.findall("testcase/failure")),
            "errors": len(suite.findall("testcase/error")),
            "skipped": len(suite.findall("testcase/skipped")),
        }
        whole = ET.Element("testsuites", name="lossdoctor")
        for element in (whole, suite):
            element.attrib.update({k: str(v) for k, v in counts.items()})
        whole.append(suite)
        ET.indent(whole)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(whole, encoding="unicode") + "\n"

    def _account(self, diagnosis: Diagnosis, finding: Finding) -> str:
        lines = [finding.message, ""]
        if finding.location:
            lines += [f"where: {place(finding.location, self.root)}  {finding.location.source.strip()}".rstrip()]
        lines += [f"why it hurts: {finding.why}"] if finding.why else []
        lines += [f"{name}: {value}" for name, value in evidence_rows(finding.evidence)]
        for remedy in finding.remedies:
            lines += [f"what to do: {remedy.advice}", *(f"    {line}" for line in remedy.snippet.splitlines())]
        proof = diagnosis.proof if finding.cause == diagnosis.root_cause else finding.proof
        return "\n".join([*lines, f"proof: {PROOFS[proof]}"])


def _case(suite: ET.Element, stage: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=f"lossdoctor.{stage.replace(' ', '_')}", name=name)
