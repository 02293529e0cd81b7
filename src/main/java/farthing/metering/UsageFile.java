package farthing.metering;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import java.util.function.Function;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;

import farthing.web.Csv;

/** Calls as a file to take away, written while they are read. */
enum UsageFile {

    CSV("farthing-calls.csv", "text/csv;charset=UTF-8") {
        @Override
        void write(OutputStream to, ObjectMapper json, Function<UsageLog.Call, CallLine> lines,
                Consumer<Consumer<UsageLog.Call>> calls) throws IOException {
            Writer out = new BufferedWriter(new OutputStreamWriter(to, StandardCharsets.UTF_8));
            out.write("charged_at,receipt,model,key,input_tokens,output_tokens,items,charge_nanos,state,streamed,started_at,"
                    + "offer,key_id\n");
            calls.accept(call -> {
                CallLine line = lines.apply(call);
                try {
                    out.write(String.join(",", line.chargedAt(), line.receipt(), line.model(), Csv.quoted(line.keyName()),
                            Integer.toString(line.inputTokens()), Integer.toString(line.outputTokens()),
                            Integer.toString(line.items()), Long.toString(line.chargeNanos()), line.state(),
                            Boolean.toString(line.streamed()), line.startedAt(), Long.toString(line.offer()),
                            Long.toString(line.key())));
                    out.write('\n');
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            out.flush();
        }
    },
    /** One object a line (NDJSON), so that a program reads a file of any length without holding it. */
    JSON("farthing-calls.ndjson", "application/x-ndjson;charset=UTF-8") {
        @Override
        void write(OutputStream to, ObjectMapper json, Function<UsageLog.Call, CallLine> lines,
                Consumer<Consumer<UsageLog.Call>> calls) throws IOException {
            Writer out = new BufferedWriter(new OutputStreamWriter(to, StandardCharsets.UTF_8));
            ObjectWriter writer = json.writerFor(CallLine.class);
            calls.accept(call -> {
                try {
                    out.write(writer.writeValueAsString(lines.apply(call)));
                    out.write('\n');
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            out.flush();
        }
    };

    final String name;
    final String type;

    UsageFile(String name, String type) {
        this.name = name;
        this.type = type;
    }

    /** @param calls hands every call to what it is given */
    abstract void write(OutputStream to, ObjectMapper json, Function<UsageLog.Call, CallLine> lines,
            Consumer<Consumer<UsageLog.Call>> calls) throws IOException;
}
