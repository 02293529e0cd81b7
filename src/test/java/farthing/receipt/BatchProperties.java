package farthing.receipt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class BatchProperties {

    private static final ObjectMapper JSON = new ObjectMapper();

    @Property(tries = 60)
    void everyReceiptIsProvedAndReadsBackAsItWas(@ForAll long seed) throws Exception {
        ABatch batch = ABatch.first(ABatch.VAULT, receipts(new Random(seed)));
        for (LineTree tree : batch.trees.values()) {
            tree.file().forEach(receipt -> {
                BatchProof proof = proof(batch, receipt);
                assertThat(proof.fault()).isEmpty();
                assertThat(proof.receipt().leaf()).isEqualTo(receipt.leaf());
                byte[] json = json(proof);
                assertThat(json(BatchProof.read(json))).isEqualTo(json);
            });
            assertThat(BatchProof.of(batch.manifest, tree, 1_000, 0, null, null, "built")).isEmpty();
        }
        assertThat(BatchManifest.read(batch.manifest.json()).json()).isEqualTo(batch.manifest.json());
    }

    /** Everything in a proof is bound by the root but the sizes of its trees, which the row and the counts bind. */
    @Property(tries = 200)
    void aChangedValueInAProofIsCaught(@ForAll long seed) throws Exception {
        Random random = new Random(seed);
        ABatch batch = ABatch.first(ABatch.VAULT, receipts(random));
        List<Receipt> all = new ArrayList<>();
        batch.trees.values().forEach(tree -> tree.file().forEach(all::add));
        JsonNode json = JSON.readTree(json(proof(batch, all.get(random.nextInt(all.size())))));
        List<Runnable> changes = new ArrayList<>();
        collect(json, "", random, changes);
        changes.get(random.nextInt(changes.size())).run();
        Optional<String> fault;
        try {
            fault = BatchProof.read(JSON.writeValueAsBytes(json)).fault();
        } catch (MalformedFile refused) {
            fault = Optional.of(String.valueOf(refused.getMessage()));
        }
        assertThat(fault).as(json.toString()).isPresent();
    }

    @Property(tries = 200)
    void aFlippedBitInALineFileGivesAnotherNodeOrIsRefused(@ForAll long seed) {
        Random random = new Random(seed);
        ABatch batch = ABatch.first(ABatch.VAULT, receipts(random));
        LineTree tree = List.copyOf(batch.trees.values()).get(random.nextInt(batch.trees.size()));
        byte[] bent = tree.file().bytes().clone();
        bent[random.nextInt(bent.length)] ^= (byte) (1 << random.nextInt(8));
        try {
            assertThat(new LineTree(LineFile.read(tree.file().line(), bent), tree.before()).node()).isNotEqualTo(tree.node());
        } catch (MalformedFile refused) {
            assertThat(refused).hasMessageContaining(LineFile.name(tree.file().line()));
        }
    }

    @Property(tries = 100)
    void aLineFileThatWasCutIsRefused(@ForAll long seed) {
        Random random = new Random(seed);
        LineFile file = ABatch.first(ABatch.VAULT, receipts(random)).trees.values().iterator().next().file();
        byte[] cut = Arrays.copyOf(file.bytes(), random.nextInt(file.bytes().length));
        // Cut between two sections it is a whole file, of fewer receipts.
        try {
            assertThat(LineFile.read(file.line(), cut).receipts()).isLessThan(file.receipts());
        } catch (MalformedFile refused) {
            assertThat(refused).hasMessageStartingWith(LineFile.name(file.line()));
        }
        assertThatThrownBy(() -> LineFile.read(file.line(), Arrays.copyOf(file.bytes(), file.bytes().length + 1)))
                .isInstanceOf(MalformedFile.class);
    }

    /** One change of each value that the proof has to catch. */
    private static void collect(JsonNode node, String place, Random random, List<Runnable> changes) {
        node.properties().forEach(field -> {
            String name = place + field.getKey();
            JsonNode value = field.getValue();
            ObjectNode its = (ObjectNode) node;
            if (value instanceof ObjectNode object) {
                collect(object, name + ".", random, changes);
            } else if (value instanceof ArrayNode path) {
                if (!path.isEmpty()) {
                    int at = random.nextInt(path.size());
                    changes.add(() -> path.set(at, bent(path.get(at).asText(), random)));
                    changes.add(() -> path.remove(at));
                }
                changes.add(() -> path.add(bent("0x" + "00".repeat(32), random)));
            } else if (List.of("leaf", "receipt.body_hash", "receipt.shares_hash", "batch.receipts_root").contains(name)) {
                changes.add(() -> its.set(field.getKey(), bent(value.asText(), random)));
            } else if (value instanceof IntNode || value instanceof LongNode) {
                if (!List.of("batch.rows", "batch.seq", "batch.chain_id").contains(name)) {
                    changes.add(() -> its.put(field.getKey(), value.longValue() + 1));
                }
            }
        });
    }

    private static TextNode bent(String hex, Random random) {
        int at = 2 + random.nextInt(hex.length() - 2);
        char other = hex.charAt(at) == '0' ? '1' : '0';
        return new TextNode(hex.substring(0, at) + other + hex.substring(at + 1));
    }

    private static BatchProof proof(ABatch batch, Receipt receipt) {
        return BatchProof
                .of(batch.manifest, batch.tree(receipt.line()), receipt.lease(), receipt.seq(), null, null, "built")
                .orElseThrow();
    }

    private static byte[] json(BatchProof proof) {
        try {
            return JSON.writeValueAsBytes(proof.fields());
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private static List<Receipt> receipts(Random random) {
        List<Receipt> receipts = new ArrayList<>();
        int line = 0;
        for (int lines = 1 + random.nextInt(5); lines > 0; lines--) {
            line += 1 + random.nextInt(3);
            long lease = 0;
            for (int leases = 1 + random.nextInt(3); leases > 0; leases--) {
                lease += 1 + random.nextInt(100);
                int seq = random.nextInt(3);
                for (int calls = 1 + random.nextInt(9); calls > 0; calls--) {
                    receipts.add(ABatch.receipt(line, lease, seq, random.nextBoolean() ? 3 : 9, random.nextInt(100_000)));
                    seq += random.nextInt(4) == 0 ? 2 : 1;
                }
            }
        }
        return receipts;
    }
}
