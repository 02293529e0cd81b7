package farthing.web;

/** One thing that is wrong with what was sent: the parameter or form field, and a sentence that says what to do. */
public record Fault(String param, String detail) {
}
