"""Which traces are recorded."""

import pytest

from collegium.telemetry.errors import TelemetrySettingsError
from collegium.telemetry.sampling import Sampling

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("name", "root", "with_sampled_parent", "with_unsampled_parent"),
    [
        ("always_on", True, True, True),
        ("always_off", False, False, False),
        ("parentbased_always_on", True, True, False),
        ("parentbased_always_off", False, True, False),
    ],
)
def test_samplers_of_the_standard(
    name: str,
    root: bool,  # noqa: FBT001 - a table of cases
    with_sampled_parent: bool,  # noqa: FBT001
    with_unsampled_parent: bool,  # noqa: FBT001
) -> None:
    """Each name decides for roots and below parents as OpenTelemetry says."""
    sampling = Sampling.named(name)
    assert sampling.decide(TRACE) is root
    assert sampling.root_is_constant is root
    assert sampling.decide(TRACE, parent_sampled=True) is with_sampled_parent
    assert sampling.decide(TRACE, parent_sampled=False) is with_unsampled_parent


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.75, 1.0])
def test_runs_are_sampled_in_the_given_share(share: float) -> None:
    """The share holds for UUIDv7 run ids, whose low 64 bits begin with fixed bits."""
    sampling = Sampling.named("parentbased_traceidratio", str(share))
    runs = [f"019aa000-0000-7000-{0x8000 + n % 0x4000:04x}-{n:012x}" for n in range(4_000)]
    sampled = sum(sampling.decide_run(run) for run in runs) / len(runs)
    assert abs(sampled - share) < 0.05


@pytest.mark.parametrize(("name", "argument"), [("sometimes", None), ("traceidratio", "2"), ("traceidratio", "half")])
def test_bad_settings_name_the_variable(name: str, argument: str | None) -> None:
    """The error says which variable is wrong."""
    with pytest.raises(TelemetrySettingsError, match="OTEL_TRACES_SAMPLER"):
        Sampling.named(name, argument)
