package farthing.web;

/**
 * Says which requests bring bodies that go straight to where they are kept, so that the limit for bodies which are read into
 * memory
 * is not for them. A bean of this type counts.
 */
public interface LongBody {

    /**
     * @param method such as PATCH
     * @param path normalised
     */
    boolean isIn(String method, String path);

    /** The most bytes that such a body may have. */
    long most();
}
