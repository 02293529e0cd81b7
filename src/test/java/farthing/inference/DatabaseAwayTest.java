package farthing.inference;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;

import org.junit.jupiter.api.Test;

class DatabaseAwayTest {

    private static final SQLException CUT = new SQLException("the connection broke", "08006");

    @Test
    void isFoundWhereverItIsHidden() {
        Exception rolledBack = new Exception("could not commit");
        rolledBack.addSuppressed(new Exception("the resource failed", CUT));

        assertThat(DatabaseAway.causes(CUT)).isTrue();
        assertThat(DatabaseAway.causes(new IllegalStateException(new RuntimeException(CUT)))).isTrue();
        assertThat(DatabaseAway.causes(new IllegalStateException("within an interceptor", rolledBack))).isTrue();
    }

    @Test
    void whatIsWrongWithTheCallIsNotTheDatabases() {
        assertThat(DatabaseAway.causes(new IllegalStateException("a bug"))).isFalse();
        assertThat(DatabaseAway.causes(new RuntimeException(new SQLException("no such column", "42703")))).isFalse();
    }

    @Test
    void causesThatGoInACircleEnd() {
        Exception one = new Exception("one");
        one.addSuppressed(new Exception("other", one));

        assertThat(DatabaseAway.causes(one)).isFalse();
    }
}
