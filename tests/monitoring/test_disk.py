"""When a disk is worth a warning."""

from pathlib import Path

from callvault.monitoring.disk import DiskUsage, Filling, usage_of


def test_a_disk_is_told_of_at_80_percent_and_again_below_78() -> None:
    filling = Filling()
    news = [filling.look(DiskUsage(100 - used, 100)) for used in (79, 80, 95, 79, 78, 77, 77)]
    assert news == [False, True, False, False, False, True, False]
    assert not filling.is_filling


def test_a_file_system_without_a_size_is_not_filling() -> None:
    assert DiskUsage(0, 0).free_ratio == 1.0


def test_the_file_system_of_a_folder_has_a_size(tmp_path: Path) -> None:
    usage = usage_of(tmp_path)
    assert 0 < usage.free_bytes <= usage.total_bytes
