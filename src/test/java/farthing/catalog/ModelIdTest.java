package farthing.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelIdTest {

    @Test
    void readsOwnerNameAndVersion() {
        assertThat(ModelId.parse("wren/kjv")).contains(new ModelId("wren", "kjv"));
        assertThat(ModelId.parse("wren/bge-small-en-v1.5-int8@2")).contains(new ModelId("wren", "bge-small-en-v1.5-int8"));
        assertThat(ModelId.parseVersion("wren/kjv@2")).contains("2");
        assertThat(ModelId.parseVersion("wren/kjv")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "kjv", "/kjv", "wren/", "wren/kjv/x", "Wren/kjv", "wren/ kjv", "../kjv", "@1", "wren/kjv\0" })
    void refusesWhatIsNoName(String text) {
        assertThat(ModelId.parse(text)).isEmpty();
    }

    @Test
    void cannotHoldAPath() {
        assertThatThrownBy(() -> new ModelId("wren", "a/b")).isInstanceOf(IllegalArgumentException.class);
    }
}
