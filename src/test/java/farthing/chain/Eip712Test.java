package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.HexFormat;

import org.junit.jupiter.api.Test;
import org.web3j.crypto.StructuredDataEncoder;

class Eip712Test {

    private static final Eip712.Domain ETHER_MAIL = new Eip712.Domain("Ether Mail", "1", 1L,
            new Address("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"));

    /** The example of the EIP, with its digests and its signature. */
    @Test
    void agreesWithTheExampleOfTheEip() {
        Eip712.Type person = Eip712.type("Person(string name,address wallet)");
        Eip712.Type mail = Eip712.type("Mail(Person from,Person to,string contents)Person(string name,address wallet)");
        byte[] cow = person.with().string("Cow").address(new Address("0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826")).hash();
        byte[] bob = person.with().string("Bob").address(new Address("0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB")).hash();
        byte[] hello = mail.with().bytes32(cow).bytes32(bob).string("Hello, Bob!").hash();

        assertThat(hex(ETHER_MAIL.separator())).isEqualTo("f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f");
        assertThat(hex(hello)).isEqualTo("c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e");
        byte[] digest = ETHER_MAIL.digest(hello);
        assertThat(hex(digest)).isEqualTo("be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
        SigningKey key = SigningKey.ofHex(hex(Keccak.hash("cow")));
        assertThat(hex(key.sign(digest))).isEqualTo("4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d"
                + "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c");
    }

    /** Every field kind, against web3j's encoder, which reads the type from JSON. */
    @Test
    void agreesWithAnIndependentEncoder() throws Exception {
        byte[] root = Keccak.hash("root");
        BigInteger huge = BigInteger.TWO.pow(256).subtract(BigInteger.ONE);
        Address payer = new Address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
        byte[] ours = new Eip712.Domain("Farthing", "1", 31337L, payer).digest(Eip712
                .type("Receipt(bytes32 root,uint64 seq,uint256 ceiling,address payer,string note,bytes data,bool last,bytes4 tag)")
                .with().bytes32(root).uint(7_000_000_000L).uint(huge).address(payer).string("ünïcode")
                .bytes(new byte[] { 1, 2 })
                .bool(true).fixedBytes(new byte[] { 9, 8, 7, 6 }).hash());
        String json = """
                {"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},
                  {"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}],
                 "Receipt":[{"name":"root","type":"bytes32"},{"name":"seq","type":"uint64"},{"name":"ceiling","type":"uint256"},
                  {"name":"payer","type":"address"},{"name":"note","type":"string"},{"name":"data","type":"bytes"},
                  {"name":"last","type":"bool"},{"name":"tag","type":"bytes4"}]},
                 "primaryType":"Receipt",
                 "domain":{"name":"Farthing","version":"1","chainId":31337,"verifyingContract":"%s"},
                 "message":{"root":"0x%s","seq":"7000000000","ceiling":"%s","payer":"%s","note":"ünïcode","data":"0x0102",
                  "last":true,"tag":"0x09080706"}}""".formatted(payer, hex(root), huge, payer);
        assertThat(hex(ours)).isEqualTo(hex(new StructuredDataEncoder(json).hashStructuredData()));
    }

    @Test
    void leavesOutOfTheDomainWhatIsNotGiven() throws Exception {
        byte[] ours = new Eip712.Domain("Farthing", null, 1L, null).separator();
        String json = """
                {"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"chainId","type":"uint256"}],
                 "Empty":[]},"primaryType":"Empty","domain":{"name":"Farthing","chainId":1},"message":{}}""";
        assertThat(hex(ours)).isEqualTo(hex(new StructuredDataEncoder(json).hashDomain()));
    }

    @Test
    void noticesAMissingFieldAndANumberOutOfRange() {
        Eip712.Type type = Eip712.type("Pair(uint256 a,uint256 b)");
        assertThatThrownBy(() -> type.with().uint(1).hash()).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("1 of 2 fields");
        assertThatThrownBy(() -> type.with().uint(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> type.with().uint(BigInteger.TWO.pow(256))).isInstanceOf(IllegalArgumentException.class);
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
