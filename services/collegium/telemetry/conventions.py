"""Names of spans and attributes: OpenTelemetry's semantic conventions, and ours.

Sources: semantic conventions 1.45.0 (messaging and Kafka; that release renamed `messaging.system` to
`messaging.system.name` and `messaging.kafka.offset` to `kafka.offset`), and the GenAI conventions, which have
their own repository (open-telemetry/semantic-conventions-genai: agent, workflow, plan and tool spans). Both have
the status Development, so names are kept in this one place.
"""

from typing import Final

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.45.0"

ERROR_TYPE: Final = "error.type"
SERVICE_NAME: Final = "service.name"
SERVICE_INSTANCE_ID: Final = "service.instance.id"
SERVICE_NAMESPACE: Final = "service.namespace"
SERVICE_VERSION: Final = "service.version"

MESSAGING_SYSTEM_NAME: Final = "messaging.system.name"
MESSAGING_OPERATION_NAME: Final = "messaging.operation.name"
MESSAGING_OPERATION_TYPE: Final = "messaging.operation.type"
MESSAGING_DESTINATION_NAME: Final = "messaging.destination.name"
MESSAGING_DESTINATION_PARTITION_ID: Final = "messaging.destination.partition.id"
MESSAGING_CONSUMER_GROUP_NAME: Final = "messaging.consumer.group.name"
MESSAGING_MESSAGE_ID: Final = "messaging.message.id"
MESSAGING_BATCH_MESSAGE_COUNT: Final = "messaging.batch.message_count"
KAFKA_OFFSET: Final = "kafka.offset"
KAFKA_MESSAGE_KEY: Final = "kafka.message.key"
KAFKA: Final = "kafka"

GEN_AI_OPERATION_NAME: Final = "gen_ai.operation.name"
GEN_AI_WORKFLOW_NAME: Final = "gen_ai.workflow.name"
GEN_AI_AGENT_NAME: Final = "gen_ai.agent.name"
GEN_AI_TOOL_NAME: Final = "gen_ai.tool.name"
GEN_AI_TOOL_TYPE: Final = "gen_ai.tool.type"
GEN_AI_TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
GEN_AI_CONVERSATION_ID: Final = "gen_ai.conversation.id"

RUN_ID: Final = "collegium.run.id"
SUBTASK_ID: Final = "collegium.subtask.id"
TASK_ID: Final = "collegium.task.id"
ATTEMPT: Final = "collegium.attempt"
ROLE: Final = "collegium.role"
PLAN_VERSION: Final = "collegium.plan.version"
RUN_STATUS: Final = "collegium.run.status"
OUTCOME: Final = "collegium.outcome"


def invoke_workflow(playbook: str) -> tuple[str, dict[str, str]]:
    """Name and attributes of a run's root span (kind internal)."""
    return f"invoke_workflow {playbook}", {
        GEN_AI_OPERATION_NAME: "invoke_workflow",
        GEN_AI_WORKFLOW_NAME: playbook,
    }


def plan(agent: str) -> tuple[str, dict[str, str]]:
    """Name and attributes of a planning span (kind internal)."""
    return f"plan {agent}", {GEN_AI_OPERATION_NAME: "plan", GEN_AI_AGENT_NAME: agent}


def invoke_agent(agent: str) -> tuple[str, dict[str, str]]:
    """Name and attributes of one attempt of a specialist (kind internal)."""
    return f"invoke_agent {agent}", {GEN_AI_OPERATION_NAME: "invoke_agent", GEN_AI_AGENT_NAME: agent}


def execute_tool(tool: str, *, tool_type: str = "function") -> tuple[str, dict[str, str]]:
    """Name and attributes of a tool call (kind internal)."""
    return f"execute_tool {tool}", {
        GEN_AI_OPERATION_NAME: "execute_tool",
        GEN_AI_TOOL_NAME: tool,
        GEN_AI_TOOL_TYPE: tool_type,
    }
