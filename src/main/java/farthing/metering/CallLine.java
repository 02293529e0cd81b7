package farthing.metering;

import java.util.Map;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

import farthing.catalog.Published;
import farthing.identity.ApiKeyId;

/**
 * One call for programs.
 *
 * @param startedAt when the request was read; ISO 8601, UTC
 * @param chargedAt when its charge became durable
 * @param receipt its id; {@code /v1/receipts/{id}} has the rest
 * @param model {@code owner/name@version}
 * @param offer the offer that priced it
 * @param chargeNanos exact, in 1e-9 of the settlement token; of a reversed call, what was charged and given back
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonPropertyOrder({ "charged_at", "started_at", "receipt", "model", "key", "key_name", "offer", "input_tokens",
        "output_tokens",
        "items", "charge_nanos", "state", "streamed" })
record CallLine(String chargedAt, String startedAt, String receipt, String model, long key, String keyName, long offer,
        int inputTokens, int outputTokens, int items, long chargeNanos, String state, boolean streamed) {

    static CallLine of(UsageLog.Call call, Published version, Map<ApiKeyId, String> keyNames) {
        Units units = call.units();
        return new CallLine(call.at().toString(), call.startedAt().toString(), call.receipt().toString(), version.name(),
                call.key().value(), keyNames.getOrDefault(call.key(), ""), call.offer(), units.inputTokens(),
                units.outputTokens(), units.items(), call.charge().nanos(), call.state().word(), call.streamed());
    }
}
