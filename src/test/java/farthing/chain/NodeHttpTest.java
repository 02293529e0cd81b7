package farthing.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;

class NodeHttpTest {

    private static final String ANSWER = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x1\"}";

    private final AtomicInteger asked = new AtomicInteger();

    @Test
    void aConnectionThatIsClosedAsItIsUsedCostsASecondTry() throws Exception {
        assertThat(ask(1)).isEqualTo(ANSWER);
        assertThat(asked).hasValue(2);
    }

    @Test
    void aNodeThatSaysNothingTwiceDoesNotAnswer() {
        assertThatThrownBy(() -> ask(9)).isInstanceOf(IOException.class);
        assertThat(asked).hasValue(2);
    }

    /** @param silent how many questions are met by the end of the connection */
    private String ask(int silent) throws Exception {
        try (ServerSocket door = new ServerSocket(0, 9, InetAddress.getLoopbackAddress());
                NodeHttpCloser node = new NodeHttpCloser(door.getLocalPort())) {
            Thread.ofVirtual().start(() -> {
                while (!door.isClosed()) {
                    try (Socket socket = door.accept()) {
                        BufferedReader in = new BufferedReader(
                                new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
                        while (!in.readLine().isEmpty()) {
                            // The request's head.
                        }
                        if (asked.incrementAndGet() > silent) {
                            socket.getOutputStream().write(("HTTP/1.1 200 OK\r\nContent-Length: " + ANSWER.length()
                                    + "\r\n\r\n" + ANSWER).getBytes(StandardCharsets.ISO_8859_1));
                            socket.getOutputStream().flush();
                        }
                    } catch (IOException closed) {
                        return;
                    }
                }
            });
            return new String(node.http.performIO("{}").readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private record NodeHttpCloser(NodeHttp http) implements AutoCloseable {

        NodeHttpCloser(int port) {
            this(new NodeHttp(URI.create("http://127.0.0.1:" + port)));
        }

        @Override
        public void close() {
            http.close();
        }
    }
}
