package farthing.engine;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;

import farthing.artefact.ArtefactFiles;
import farthing.artefact.Format;
import farthing.artefact.Role;
import farthing.blob.Digest;

/** What a server says first at an engine host: that it may ask, and which version the connection is for. */
record Preamble(String secret, Loadable version) {

    void write(DataOutputStream out) throws IOException {
        Frame.writeText(out, secret);
        Frame.writeText(out, version.id());
        Frame.writeText(out, version.engine().name());
        Frame.writeText(out, version.task().name());
        Frame.writeText(out, version.template().name());
        out.writeInt(version.contextLength());
        Frame.writeText(out, version.pooling().name());
        out.writeBoolean(version.normalise());
        Frame.writeText(out, version.files().format().name());
        for (var file : version.files().files().entrySet()) {
            Frame.writeText(out, file.getKey().name());
            Frame.writeText(out, file.getValue().hex());
        }
    }

    /** @throws IllegalArgumentException if a field has a value that this host does not know */
    static Preamble read(DataInputStream in) throws IOException {
        String secret = Frame.readText(in);
        String id = Frame.readText(in);
        EngineKind engine = EngineKind.valueOf(Frame.readText(in));
        Task task = Task.valueOf(Frame.readText(in));
        PromptTemplate template = PromptTemplate.valueOf(Frame.readText(in));
        int contextLength = in.readInt();
        Pooling pooling = Pooling.valueOf(Frame.readText(in));
        boolean normalise = in.readBoolean();
        Format format = Format.valueOf(Frame.readText(in));
        Map<Role, Digest> files = new EnumMap<>(Role.class);
        while (in.available() > 0) {
            files.put(Role.valueOf(Frame.readText(in)), new Digest(Frame.readText(in)));
        }
        return new Preamble(secret, new Loadable(id, engine, task, new ArtefactFiles(format, files), template, contextLength,
                pooling, normalise));
    }
}
