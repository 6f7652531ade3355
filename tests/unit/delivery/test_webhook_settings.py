"""Which webhooks may be configured and reached."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import ValidationError

from collegium.agent.effects import EffectCall, NotDone
from collegium.agent.service import exit_bound_s, target_secrets
from collegium.delivery.addresses import permitted_address
from collegium.delivery.errors import HostDenied
from collegium.delivery.settings import DeliverySettings, WebhookSettings
from collegium.delivery.specialist import DeliverySpecialist
from collegium.delivery.webhook import Webhook
from report_worlds import RUN_ID


def settings(**fields: object) -> DeliverySettings:
    """Settings as an operator gives them."""
    return DeliverySettings.model_validate(fields)


def test_a_webhook_on_an_allowed_host_is_accepted() -> None:
    """The list names hosts, not addresses."""
    found = settings(webhooks={"ops": {"url": "https://hooks.example.com/x"}}, allowed_hosts=["hooks.example.com"])
    assert found.webhooks["ops"].timeout_ms == 10_000


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"webhooks": {"ops": {"url": "https://hooks.example.com/x"}}}, "ALLOWED_HOSTS"),
        (
            {
                "webhooks": {"ops": {"url": "https://a.example/", "query_url": "https://b.example/"}},
                "allowed_hosts": ["a.example"],
            },
            "add b.example",
        ),
        ({"webhooks": {"reports": {"url": "https://a.example/"}}, "allowed_hosts": ["a.example"]}, "named reports"),
        ({"webhooks": {"ops": {"url": "https://me:pw@a.example/"}}, "allowed_hosts": ["a.example"]}, "token"),
        ({"webhooks": {"ops": {"url": "file:///etc/passwd"}}}, "scheme"),
        ({"webhooks": {"ops": {"url": "https://a.example/", "colour": "red"}}}, "colour"),
    ],
)
def test_what_is_not_allowed_is_refused_at_the_start(fields: dict[str, object], says: str) -> None:
    """A process with a wrong webhook does not start; secrets are not repeated in the reason."""
    with pytest.raises(ValidationError, match=says):
        settings(**fields)


@pytest.mark.parametrize("token", ["s3cr3t-token\n", "s3cr3t token", "s3cr3t\u00e9", "s3cr3t\x7f", ""])
def test_a_token_that_no_header_can_hold_is_refused_and_not_repeated(token: str) -> None:
    """A line end is what a file or an editor adds; httpx would repeat the token in its error."""
    hook = {"url": "https://a.example/", "token": token}
    with pytest.raises(ValidationError, match="visible ASCII") as refused:
        settings(webhooks={"ops": hook}, allowed_hosts=["a.example"])
    with pytest.raises(ValidationError) as alone:
        WebhookSettings.model_validate(hook)
    assert "s3cr3t" not in str(refused.value) + str(alone.value)


def test_the_process_knows_the_tokens_that_no_log_may_show_and_waits_for_the_longest_call(tmp_path: Path) -> None:
    """Both follow from the targets."""
    hook = Webhook(
        WebhookSettings.model_validate({"url": "https://a.example/", "token": "t0k3n", "timeout_ms": 90_000})
    )
    specialist = DeliverySpecialist(tmp_path, {"ops": hook})
    assert [secret.get_secret_value() for secret in target_secrets(specialist)] == ["t0k3n"]
    assert exit_bound_s(specialist, drain_ms=20_000) > 20 + 90


async def found(*addresses: str) -> Sequence[str]:
    """A resolver's answer."""
    return addresses


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("::1",),
        ("::ffff:127.0.0.1",),
        ("169.254.169.254",),
        ("fe80::1%eth0",),
        ("0.0.0.0",),
        ("224.0.0.1",),
        ("93.184.216.34", "127.0.0.1"),
        (),
    ],
)
async def test_a_host_that_leads_to_this_machine_or_its_link_is_denied(addresses: tuple[str, ...]) -> None:
    """Whatever its name; one bad address among good ones is enough."""
    with pytest.raises(HostDenied):
        await permitted_address(
            "hooks.example.com", 443, allow_loopback=False, resolver=lambda host, port: found(*addresses)
        )


async def test_loopback_can_be_allowed_and_the_link_cannot() -> None:
    """For a receiver on the same machine."""
    address = await permitted_address("me", 80, allow_loopback=True, resolver=lambda host, port: found("127.0.0.1"))
    assert address == "127.0.0.1"
    with pytest.raises(HostDenied):
        await permitted_address("me", 80, allow_loopback=True, resolver=lambda host, port: found("169.254.169.254"))


async def test_a_denied_host_is_a_refusal_for_good() -> None:
    """The attempt is told so, and nothing was sent."""
    hook = Webhook(
        WebhookSettings.model_validate({"url": "https://hooks.example.com/"}),
        resolver=lambda host, port: found("127.0.0.1"),
    )
    with pytest.raises(NotDone, match="this machine") as refused:
        await hook.call(EffectCall(f"{RUN_ID}/deliver/ops", b"{}"))
    assert refused.value.permanent
