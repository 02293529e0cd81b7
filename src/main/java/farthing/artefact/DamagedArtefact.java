package farthing.artefact;

import farthing.web.Problem;

/** A stored or uploaded file is not what it has to be. Calls that meet it are refused before anything is charged. */
public class DamagedArtefact extends Problem {

    DamagedArtefact(String what) {
        super(503, "artefact_damaged", "The artefact is damaged: " + what);
    }
}
