package farthing.receipt;

/** A published file that is not what it should be; the message says which one, where and why. */
public final class MalformedFile extends RuntimeException {

    MalformedFile(String file, String why) {
        super(file + ": " + why + ".");
    }
}
