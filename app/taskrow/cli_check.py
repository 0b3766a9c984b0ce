"""``taskrow check``: whether what must always hold of the rows does."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from taskrow.cli_parts import as_json, command, find_engine, harmless
from taskrow.storage.checks import check
from taskrow.storage.invariants import Finding


@command("check")
@click.option("--quick", is_flag=True, help="Without what reads every byte of the database.")
@as_json
@click.pass_context
def check_command(context: click.Context, quick: bool, as_json: bool) -> None:
    """Check the database and its rows; exit code 1 when something is broken. Changes nothing."""
    engine, findings = find_engine(), []
    for finding in check(engine.unchecked_database, now=engine.clock(), quick=quick):
        findings.append(finding)
        if not as_json:
            click.echo(_line(finding))
    broken = [finding for finding in findings if finding.broken]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        click.echo(_summary(broken, len(findings)))
    context.exit(1 if broken else 0)


def _line(finding: Finding) -> str:
    if not finding.broken:
        return f"ok   {finding.promise}"
    places = ", ".join(map(harmless, finding.examples))
    more = ", ..." if finding.broken > len(finding.examples) else ""
    return f"BAD  {finding.promise}: not so {finding.broken:,} times: {places}{more}"


def _summary(broken: list[Finding], checked: int) -> str:
    if not broken:
        return f"all {checked} hold"
    return f"{len(broken)} of {checked} do not hold; what to do: docs/operations.md"
