package farthing.artefact;

import java.util.Locale;

import farthing.web.Problem;

/** A file breaks a rule of {@link ArtefactCheck}; the message is one sentence that names what is wrong. */
public class WrongArtefact extends Problem {

    private final Rule rule;

    WrongArtefact(Rule rule, String sentence) {
        super(422, "wrong_artefact_" + rule.name().toLowerCase(Locale.ROOT), sentence);
        this.rule = rule;
    }

    public Rule rule() {
        return rule;
    }
}
