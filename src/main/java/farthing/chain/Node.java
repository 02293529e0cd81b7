package farthing.chain;

import java.io.IOException;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import org.web3j.protocol.Web3j;
import org.web3j.protocol.Web3jService;
import org.web3j.protocol.core.DefaultBlockParameter;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;
import org.web3j.protocol.core.methods.request.EthFilter;
import org.web3j.protocol.core.methods.request.Transaction;
import org.web3j.protocol.core.methods.response.EthBlock;
import org.web3j.protocol.core.methods.response.EthLog;
import org.web3j.protocol.core.methods.response.Log;
import org.web3j.protocol.core.methods.response.TransactionReceipt;
import org.web3j.utils.Numeric;

/** What the mirror and the outbox ask the chain. */
final class Node {

    private final Web3j web3j;

    Node(Web3jService service) {
        web3j = Web3j.build(service);
    }

    record Block(long number, String hash, String parent, Instant at, BigInteger baseFee) {

        BlockRef ref() {
            return new BlockRef(number, hash, at);
        }
    }

    /** @param block its hash and number */
    record Mined(String transaction, long number, String block, boolean succeeded) {
    }

    Block latest() throws NodeFailed {
        return block(DefaultBlockParameterName.LATEST).orElseThrow(() -> new NodeFailed("The chain's node knows no block."));
    }

    long finalized() throws NodeFailed {
        // A young chain may have none.
        return block(DefaultBlockParameterName.FINALIZED).map(Block::number).orElse(0L);
    }

    Optional<Block> block(long number) throws NodeFailed {
        Optional<Block> block = block(DefaultBlockParameter.valueOf(BigInteger.valueOf(number)));
        if (block.isPresent() && block.get().number != number) {
            throw new NodeFailed(
                    "The chain's node was asked for block " + number + " and answered with block " + block.get().number + ".");
        }
        return block;
    }

    private Optional<Block> block(DefaultBlockParameter which) throws NodeFailed {
        return ask(web3j.ethGetBlockByNumber(which, false), answer -> Optional.ofNullable(answer.getBlock()).map(Node::block));
    }

    private static Block block(EthBlock.Block block) {
        @Nullable
        BigInteger baseFee = block.getBaseFeePerGasRaw() == null ? null : block.getBaseFeePerGas();
        return new Block(block.getNumber().longValueExact(), Objects.requireNonNull(block.getHash()),
                Objects.requireNonNull(block.getParentHash()), Instant.ofEpochSecond(block.getTimestamp().longValueExact()),
                baseFee == null ? BigInteger.ZERO : baseFee);
    }

    /** Of the blocks from one to another, both included. */
    List<Log> logs(Address contract, long from, long to) throws NodeFailed {
        EthFilter filter = new EthFilter(DefaultBlockParameter.valueOf(BigInteger.valueOf(from)),
                DefaultBlockParameter.valueOf(BigInteger.valueOf(to)), contract.text());
        return ask(web3j.ethGetLogs(filter), answer -> answer.getLogs().stream()
                .<Log> map(log -> ((EthLog.LogObject) log).get()).filter(log -> !log.isRemoved()).toList());
    }

    /** How many transactions the account has in blocks. */
    long used(Address account) throws NodeFailed {
        return count(account, DefaultBlockParameterName.LATEST);
    }

    long usedFinally(Address account) throws NodeFailed {
        return count(account, DefaultBlockParameterName.FINALIZED);
    }

    /** Also those that the node knows of and that wait. */
    long pending(Address account) throws NodeFailed {
        return count(account, DefaultBlockParameterName.PENDING);
    }

    private long count(Address account, DefaultBlockParameter at) throws NodeFailed {
        return ask(web3j.ethGetTransactionCount(account.text(), at), answer -> answer.getTransactionCount().longValueExact());
    }

    BigInteger balance(Address account) throws NodeFailed {
        return ask(web3j.ethGetBalance(account.text(), DefaultBlockParameterName.LATEST), answer -> answer.getBalance());
    }

    /** The tip that the node recommends, in wei for a unit of gas. */
    BigInteger tip() throws NodeFailed {
        return ask(web3j.ethMaxPriorityFeePerGas(), answer -> answer.getMaxPriorityFeePerGas());
    }

    /** @throws NodeRefused when the call would revert */
    BigInteger gas(Address from, Call call) throws NodeFailed {
        return ask(web3j.ethEstimateGas(transaction(from, call)), answer -> answer.getAmountUsed());
    }

    /** @throws NodeRefused with the reason when it would revert after that block */
    void tryAt(long block, Address from, Call call) throws NodeFailed {
        String result = ask(
                web3j.ethCall(transaction(from, call), DefaultBlockParameter.valueOf(BigInteger.valueOf(block))),
                answer -> answer.getValue());
        Objects.requireNonNull(result);
    }

    private static Transaction transaction(Address from, Call call) {
        return Transaction.createFunctionCallTransaction(from.text(), null, null, null, call.to().text(),
                Numeric.toHexString(call.data()));
    }

    Optional<Mined> mined(String transaction) throws NodeFailed {
        return ask(web3j.ethGetTransactionReceipt(transaction), answer -> answer.getTransactionReceipt().map(Node::mined));
    }

    private static Mined mined(TransactionReceipt receipt) {
        return new Mined(receipt.getTransactionHash(), receipt.getBlockNumber().longValueExact(),
                Objects.requireNonNull(receipt.getBlockHash()), receipt.isStatusOK());
    }

    /** @throws NodeRefused when the node will not have it, which it also says when it has it already */
    void send(byte[] signed) throws NodeFailed {
        String hash = ask(web3j.ethSendRawTransaction(Numeric.toHexString(signed)), answer -> answer.getTransactionHash());
        Objects.requireNonNull(hash);
    }

    private <T extends Response<?>, R> R ask(Request<?, T> request, Function<T, R> read) throws NodeFailed {
        T response;
        try {
            response = request.send();
        } catch (IOException | RuntimeException e) {
            throw new NodeFailed("The chain's node does not answer: " + cause(e), e);
        }
        if (response.hasError()) {
            Response.Error error = response.getError();
            throw new NodeRefused(String.valueOf(error.getMessage()), error.getData());
        }
        try {
            return Objects.requireNonNull(read.apply(response));
        } catch (RuntimeException e) {
            throw new NodeFailed("The chain's node answered " + request.getMethod() + " with nonsense.", e);
        }
    }

    private static String cause(Exception e) {
        String message = e.getMessage();
        return Shown.start(message == null ? e.getClass().getSimpleName() : message) + ".";
    }
}
