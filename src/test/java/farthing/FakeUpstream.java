package farthing;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** A server on this machine that says, byte by byte, what a test wants a remote endpoint to say. */
public final class FakeUpstream implements AutoCloseable {

    /** What it answers to each request. */
    public interface Script {
        void answer(Request request, Connection to) throws IOException;
    }

    public record Request(String head, String body) {

        public JsonNode json() {
            try {
                return new ObjectMapper().readTree(body);
            } catch (JsonProcessingException e) {
                throw new AssertionError(body, e);
            }
        }

        public String path() {
            return head.split(" ")[1];
        }
    }

    /** One that a client made. */
    public static final class Connection {

        private final Socket socket;

        private Connection(Socket socket) {
            this.socket = socket;
        }

        public Connection write(String text) throws IOException {
            OutputStream out = socket.getOutputStream();
            out.write(text.getBytes(StandardCharsets.UTF_8));
            out.flush();
            return this;
        }

        public void json(int status, String body, String... headers) throws IOException {
            write("HTTP/1.1 " + status + " Whatever\r\nContent-Type: application/json\r\nContent-Length: "
                    + body.getBytes(StandardCharsets.UTF_8).length + "\r\n");
            for (String header : headers) {
                write(header + "\r\n");
            }
            write("\r\n" + body);
        }

        public Connection stream() throws IOException {
            return write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        }

        public Connection event(String data) throws IOException {
            String event = "data: " + data + "\n\n";
            return write(Integer.toHexString(event.getBytes(StandardCharsets.UTF_8).length) + "\r\n" + event + "\r\n");
        }

        public Connection text(String piece) throws IOException {
            return event("{\"choices\":[{\"index\":0,\"text\":\"" + piece + "\",\"delta\":{\"content\":\"" + piece
                    + "\"},\"finish_reason\":null}]}");
        }

        public Connection finish(String reason) throws IOException {
            return event("{\"choices\":[{\"index\":0,\"text\":\"\",\"delta\":{},\"finish_reason\":\"" + reason + "\"}]}");
        }

        public Connection usage(long input, long output) throws IOException {
            return event("{\"choices\":[],\"usage\":{\"prompt_tokens\":" + input + ",\"completion_tokens\":" + output + "}}");
        }

        public void done() throws IOException {
            event("[DONE]").write("0\r\n\r\n");
        }

        public void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        /** Until the client hangs up. */
        public void awaitHangUp() throws IOException {
            while (socket.getInputStream().read() >= 0) {
            }
        }
    }

    public final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
    private final ServerSocket server;
    private final Script script;

    public FakeUpstream(Script script) {
        this.script = script;
        try {
            server = new ServerSocket(0, 500, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.startVirtualThread(this::accept);
    }

    /** Base address in OpenAI's protocol. */
    public String url() {
        return "http://localhost:" + port() + "/v1";
    }

    public int port() {
        return server.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                Thread.startVirtualThread(() -> serve(socket));
            }
        } catch (IOException e) {
            // It is closed.
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            for (String head; !(head = head(in)).isEmpty();) {
                int length = Integer.parseInt(head.replaceAll("(?is).*content-length: *(\\d+).*", "$1"));
                Request request = new Request(head, new String(in.readNBytes(length), StandardCharsets.UTF_8));
                requests.add(request);
                script.answer(request, new Connection(socket));
            }
        } catch (IOException e) {
            // The client hung up.
        }
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        for (int b; head.indexOf("\r\n\r\n") < 0 && (b = in.read()) >= 0;) {
            head.append((char) b);
        }
        return head.toString();
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
