package farthing.chain;

import java.io.IOException;
import java.net.URI;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;
import org.web3j.utils.Numeric;

import com.fasterxml.jackson.core.JsonProcessingException;

/** Bare JSON-RPC, for what is asked at the start and for what only anvil understands. */
final class Rpc implements AutoCloseable {

    private final NodeHttp http;

    Rpc(URI address) {
        http = new NodeHttp(address);
    }

    static class Answer extends Response<Object> {
    }

    /**
     * @throws NodeAway when nobody answers
     * @throws NodeRefused when the answer is an error
     * @throws NodeFailed when the answer is no JSON-RPC
     */
    @Nullable
    Object ask(String method, Object... parameters) throws NodeFailed {
        Answer answer;
        try {
            answer = new Request<Object, Answer>(method, List.of(parameters), http, Answer.class).send();
        } catch (JsonProcessingException e) {
            throw new NodeFailed("It answers " + method + " with something that is no JSON-RPC.", e);
        } catch (IOException e) {
            String message = e.getMessage();
            throw new NodeAway(message == null ? e.getClass().getSimpleName() : message, e);
        }
        if (answer.hasError()) {
            throw new NodeRefused(String.valueOf(answer.getError().getMessage()), answer.getError().getData());
        }
        return answer.getResult();
    }

    /** An answer that is hex digits after {@code 0x}. */
    byte[] bytes(String method, Object... parameters) throws NodeFailed {
        Object result = ask(method, parameters);
        if (!(result instanceof String hex) || !hex.matches("0x[0-9a-fA-F]*")) {
            throw new NodeFailed("It answers " + method + " with something that no EVM node would say.");
        }
        return Numeric.hexStringToByteArray(hex);
    }

    long number(String method, Object... parameters) throws NodeFailed {
        byte[] bytes = bytes(method, parameters);
        try {
            return Numeric.toBigInt(bytes).longValueExact();
        } catch (ArithmeticException | NumberFormatException e) {
            throw new NodeFailed("It answers " + method + " with something that no EVM node would say.", e);
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
