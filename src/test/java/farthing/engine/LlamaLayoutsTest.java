package farthing.engine;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;

import org.junit.jupiter.api.Test;

class LlamaLayoutsTest {

    @Test
    void libraryWithOtherStructsIsRefused() {
        try (Arena arena = Arena.ofConfined()) {
            var model = arena.allocate(LlamaLayouts.MODEL);
            var context = arena.allocate(LlamaLayouts.CONTEXT);

            assertThatThrownBy(() -> LlamaLayouts.check(model, context)).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("llama_model_params is laid out differently");
        }
    }
}
