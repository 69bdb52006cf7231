"""The chart of the storage calculator stays inside its drawing, whatever the plan."""

from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.planning import Plan, needs_of
from callvault.portal.planning.chart import HEIGHT, WIDTH, draw


@given(
    st.integers(1, 100_000),
    st.floats(0.1, 600),
    st.none() | st.floats(1, 1e18),
)
def test_points_and_labels_stay_inside(users: int, months: float, free: float | None) -> None:
    plan = Plan(users=users, calls_per_user=10, mean_call_s=60, retention_months=months)
    chart = draw(needs_of(plan), plan, free_bytes=free)
    assert chart is not None
    points = [tuple(map(float, one.split(","))) for one in chart.line.split()]
    assert list(points[0]) == [0, HEIGHT]
    assert points[-1][0] == WIDTH
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert points[-1][1] == points[-2][1] == min(y for _, y in points)
    assert chart.free_y is None or 0 <= chart.free_y <= HEIGHT
    assert list(chart.sizes) == sorted(chart.sizes, reverse=True)
    assert chart.sizes[-1] == 0
    assert len(set(chart.months)) == len(chart.months)


def test_a_plan_that_keeps_nothing_has_no_chart() -> None:
    plan = Plan(users=10, retention_months=12)
    assert draw(needs_of(plan), plan, free_bytes=None) is None
