package farthing.engine;

/**
 * One call that is ready to run, once. Always close it; closing it while it runs, from any thread, cancels it.
 */
public sealed interface Invocation extends AutoCloseable permits WorkerInvocation, RemoteInvocation {

    /**
     * What the input takes: exact, as counted by the engine, and 0 for language identification, which counts no tokens. A
     * remote
     * endpoint counts while it answers: until then this is the most that it can be.
     */
    int inputTokens();

    /** How many tokens still fit; 0 if the model generates none. */
    int maxOutputTokens();

    /**
     * What was consumed so far; of a cancelled generation, the tokens whose text was delivered. Never more than
     * {@link #inputTokens()} and the limit of the generation.
     */
    Usage usage();

    /**
     * Continues the prompt or answers the chat.
     *
     * @param onText gets the text piece by piece; if it throws, the generation is cancelled
     * @return with {@link FinishReason#CANCELLED} if it was closed meanwhile
     * @throws EngineFailed if the engine ends meanwhile: nothing may be charged
     * @throws EngineUnavailable if a remote endpoint cannot be asked
     * @throws EngineBusy if a remote endpoint is asked too much
     */
    Usage generate(Generation how, Pieces onText);

    /** @throws EngineFailed if the engine ends or the invocation is closed meanwhile; a remote endpoint fails as above */
    Embeddings embed();

    /** @throws EngineFailed if the engine ends or the invocation is closed meanwhile */
    Classifications classify();

    /** Never fails. */
    @Override
    void close();
}
