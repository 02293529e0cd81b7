package farthing.engine;

import java.io.IOException;
import java.util.List;

import farthing.engine.Input.Texts;
import opennlp.tools.langdetect.Language;
import opennlp.tools.langdetect.LanguageDetectorME;
import opennlp.tools.langdetect.LanguageDetectorModel;

/** Tells texts' languages with OpenNLP; labels are ISO 639-3 codes. */
final class LanguageModel implements Model {

    private final LanguageDetectorModel model;

    LanguageModel(WorkerOptions options) throws IOException {
        model = new LanguageDetectorModel(options.model().toFile());
    }

    @Override
    public Job prepare(Input input) {
        if (!(input instanceof Texts(List<String> texts))) {
            throw new UnsupportedInput("This model tells the language of texts. Use /v1/classify.");
        }
        if (texts.isEmpty()) {
            throw new UnsupportedInput("There is no text to classify.");
        }
        return new Detecting(texts);
    }

    private final class Detecting extends Job {

        private final List<String> texts;

        Detecting(List<String> texts) {
            super(0, 0);
            this.texts = texts;
        }

        @Override
        void run(Frame request, Outlet out) throws IOException {
            var detector = new LanguageDetectorME(model);
            for (String text : texts) {
                if (cancelled()) {
                    throw new IOException("cancelled");
                }
                Language[] languages = detector.predictLanguages(text);
                out.send(Frame.LABELS, fields -> {
                    fields.writeInt(languages.length);
                    for (Language language : languages) {
                        Frame.writeText(fields, language.getLang());
                        fields.writeDouble(language.getConfidence());
                    }
                });
            }
            out.send(Frame.DONE, fields -> {
                fields.writeInt(0);
                fields.writeByte(FinishReason.STOP.ordinal());
            });
        }
    }
}
