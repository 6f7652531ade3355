"""The delivery specialist as a process: `python -m collegium.delivery`, with settings `COLLEGIUM_AGENT_...`.

Reports go to `reports/` in `COLLEGIUM_DATA_DIR`, and to the webhooks of `COLLEGIUM_DELIVERY_WEBHOOKS`.
"""

import sys

from collegium.agent.service import main
from collegium.agent.settings import AgentSettings
from collegium.delivery.settings import DeliverySettings
from collegium.delivery.specialist import DeliverySpecialist
from collegium.delivery.webhook import Webhook


def build(settings: AgentSettings) -> DeliverySpecialist:
    """The specialist, for this process or for a system in one process."""
    delivery = DeliverySettings()
    webhooks = {
        name: Webhook(webhook, allow_loopback=delivery.allow_loopback) for name, webhook in delivery.webhooks.items()
    }
    return DeliverySpecialist(settings.data_dir, webhooks)


if __name__ == "__main__":
    sys.exit(main(build))
