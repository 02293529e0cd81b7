package farthing.catalog;

import java.time.Instant;
import java.util.List;
import java.util.Map;

import farthing.artefact.Role;
import farthing.chain.Address;
import farthing.engine.EngineKind;
import farthing.engine.Pooling;
import farthing.engine.PromptTemplate;
import farthing.engine.Task;
import farthing.identity.AccountId;
import farthing.money.Price;
import farthing.money.Split;

/** Models as tests need them. */
class Examples {

    /** Nobody who signs in: other tests make accounts in the same database. */
    static final AccountId DEVELOPER = new AccountId(Long.MAX_VALUE);
    static final Address PAYEE = new Address("0x000000000000000000000000000000000000dEaD");
    static final Instant DAY_1 = Instant.parse("2026-01-01T00:00:00Z");
    static final Instant DAY_2 = DAY_1.plusSeconds(86_400);
    static final Instant DAY_3 = DAY_2.plusSeconds(86_400);

    static final List<VersionFile> FILES = List.of(new VersionFile(Role.MODEL, "ab".repeat(32), 20_000_000),
            new VersionFile(Role.TOKENIZER, "cd".repeat(32), 700_000));

    private Examples() {
    }

    static Publication embedding(String name, String purpose, Price price) {
        return new Publication(name, Task.EMBEDDING, purpose, "A card with <script>alert(1)</script>.",
                new Publication.Artefact("1", EngineKind.ONNX, "int8", 22_000_000, 512, "MIT", "By somebody.",
                        PromptTemplate.NONE,
                        Pooling.MEAN, true, Map.of(), price, new Split(7000, 0, 2000, 200, 800), "Made for a test."));
    }

    static Price inputPrice(long nanos) {
        return new Price(nanos, 0, 0, 0);
    }
}
