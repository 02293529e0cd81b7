package farthing.web;

/** A form came without the token of a page of ours. */
final class ForgedForm extends Problem {

    ForgedForm() {
        super(403, "form_not_accepted",
                "The form did not carry the token of its page, so nothing was done. It may have been open"
                        + " for too long, or cookies are off. Go back, reload the page and send it again.");
    }
}
