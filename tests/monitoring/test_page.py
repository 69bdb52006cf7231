"""Figures as Prometheus reads them, and the page of the reference."""

import re
from pathlib import Path

import pytest

from callvault.monitoring import FAMILIES, Buckets, Family, Sample, page

REFERENCE = Path(__file__).parents[2] / "docs/reference/metrics.md"
PERSONAL = {"number", "caller", "callee", "user", "name", "peer", "address", "owner"}


def test_a_counter_a_gauge_and_labels_are_written() -> None:
    text = page(
        [
            Sample("callvault_recorder_calls", 3, ("HQ",)),
            Sample("callvault_capture_packets_total", 12),
        ]
    ).decode()
    assert 'callvault_recorder_calls{trunk="HQ"} 3.0\n' in text
    assert "# TYPE callvault_capture_packets_total counter\n" in text
    assert "callvault_capture_packets_total 12.0\n" in text
    assert "process_open_fds" in text


def test_a_histogram_counts_upwards() -> None:
    buckets = Buckets((1.0, 5.0))
    for seconds in (0.5, 1.0, 3.0, 9.0):
        buckets.add(seconds)
    text = page([Sample("callvault_listed_delay_seconds", buckets)]).decode()
    found = re.findall(r'callvault_listed_delay_seconds_bucket{le="([^"]+)"} (\S+)', text)
    assert found == [("1.0", "2.0"), ("5.0", "3.0"), ("+Inf", "4.0")]
    assert "callvault_listed_delay_seconds_sum 13.5\n" in text


@pytest.mark.parametrize(
    "sample", [Sample("callvault_unheard_of", 1), Sample("callvault_recorder_calls", 1)]
)
def test_a_figure_of_no_family_or_without_its_labels_is_refused(sample: Sample) -> None:
    with pytest.raises((KeyError, ValueError)):
        page([sample])


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_the_reference_page_has_each_metric_as_the_code_has_it(family: Family) -> None:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    row = f"| `{family.name}` | {family.kind} | {labels} | {family.sentence} |"
    assert row in REFERENCE.read_text(encoding="utf-8").splitlines()


def test_the_reference_page_has_no_metric_that_is_not_there() -> None:
    told = re.findall(r"^\| `(callvault_\w+)`", REFERENCE.read_text(encoding="utf-8"), re.M)
    assert sorted(told) == sorted(FAMILIES)


def test_no_label_names_a_person_or_a_number() -> None:
    assert [one.name for one in FAMILIES.values() if PERSONAL & set(one.labels)] == []
