package farthing.identity;

/** The command that is shown beside a new key; implemented where a model to call is known. */
public interface SampleCall {

    /** A command that works when pasted, with the secret in it. */
    String curl(String secret);
}
