package farthing.engine;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import farthing.engine.Input.Chat;
import farthing.engine.Input.Message;
import farthing.engine.Input.Prompt;
import farthing.engine.Input.Texts;

/**
 * The main class of a worker process: loads one version, says {@code ready} or why not on standard output, then serves one
 * invocation per connection until its standard input ends, which it does when the server is gone, however it went.
 */
public final class Worker {

    static final String READY = "ready";
    static final String REFUSED = "refused ";

    private final Model model;

    private Worker(Model model) {
        this.model = model;
    }

    public static void main(String[] args) throws IOException {
        WorkerOptions options = WorkerOptions.of(args);
        Thread.ofPlatform().daemon().start(() -> endWithServer(options.socket()));
        try {
            Confinement.begin(options.memory());
            Worker worker = new Worker(load(options));
            ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(options.socket()), 1024);
            System.out.println(READY);
            while (true) {
                SocketChannel connection = server.accept();
                Thread.startVirtualThread(() -> worker.serve(connection));
            }
        } catch (Exception | OutOfMemoryError | LinkageError e) {
            System.out.println(REFUSED + oneLine(e));
            Runtime.getRuntime().halt(3);
        }
    }

    private static String oneLine(Throwable e) {
        return String.valueOf(e.getMessage()).strip().replace('\n', ' ');
    }

    private static Model load(WorkerOptions options) throws Exception {
        return switch (options.engine()) {
            case GGUF -> new GgufModel(options);
            case ONNX -> new OnnxModel(options);
            case OPENNLP -> new LanguageModel(options);
            case REMOTE -> throw new IllegalArgumentException("a remote endpoint is not loaded");
        };
    }

    private static void endWithServer(Path socket) {
        try {
            while (System.in.read() >= 0) {
            }
            Files.deleteIfExists(socket);
            // Only the last worker can: the folder is shared.
            Files.deleteIfExists(socket.getParent());
        } catch (IOException e) {
            // It ends all the same.
        } finally {
            Runtime.getRuntime().halt(0);
        }
    }

    private void serve(SocketChannel connection) {
        Model.Outlet out = (type, fields) -> Frame.write(connection, type, fields);
        Model.Job job = null;
        try (connection) {
            job = prepare(Frame.read(connection), out);
            if (job == null) {
                return;
            }
            Model.Job prepared = job;
            out.send(Frame.PREPARED, fields -> {
                fields.writeInt(prepared.inputTokens());
                fields.writeInt(prepared.maxOutputTokens());
            });
            Frame request = Frame.read(connection);
            Thread.ofPlatform().start(() -> run(prepared, request, out));
            // The server sends nothing more: this returns when it has what it wants or gives up.
            Frame.read(connection);
        } catch (IOException e) {
            // The server hung up, which is how it cancels.
        } finally {
            if (job != null) {
                job.cancel();
            }
        }
    }

    private Model.@Nullable Job prepare(Frame request, Model.Outlet out) throws IOException {
        try {
            return model.prepare(input(request));
        } catch (InputTooLong e) {
            out.send(Frame.TOO_LONG, fields -> {
                fields.writeInt(e.count());
                fields.writeInt(e.limit());
                Frame.writeText(fields, e.unit());
            });
        } catch (UnsupportedInput e) {
            out.send(Frame.UNSUPPORTED, fields -> Frame.writeText(fields, e.detail()));
        } catch (RuntimeException e) {
            out.send(Frame.FAILED, fields -> Frame.writeText(fields, oneLine(e)));
        }
        return null;
    }

    private static void run(Model.Job job, Frame request, Model.Outlet out) {
        try {
            try {
                job.run(request, out);
            } catch (RuntimeException e) {
                out.send(Frame.FAILED, fields -> Frame.writeText(fields, oneLine(e)));
            }
        } catch (IOException | InterruptedException e) {
            // Cancelled: nobody is there to be told.
        }
    }

    private static Input input(Frame frame) throws IOException {
        DataInputStream fields = frame.fields();
        int n = fields.readInt();
        switch (frame.type()) {
            case Frame.PREPARE_PROMPT -> {
                return new Prompt(Frame.readText(fields));
            }
            case Frame.PREPARE_CHAT -> {
                List<Message> messages = new ArrayList<>();
                while (n-- > 0) {
                    messages.add(new Message(Frame.readText(fields), Frame.readText(fields)));
                }
                return new Chat(messages);
            }
            case Frame.PREPARE_TEXTS -> {
                List<String> texts = new ArrayList<>();
                while (n-- > 0) {
                    texts.add(Frame.readText(fields));
                }
                return new Texts(texts);
            }
            default -> throw new IOException("Unknown request " + frame.type());
        }
    }
}
