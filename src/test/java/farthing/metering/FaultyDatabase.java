package farthing.metering;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;

/** A database whose connections break where a test says; what it does commit is real. */
final class FaultyDatabase {

    enum Fault {
        NONE,
        /** The server refuses the commit. */
        REFUSED,
        /** The commit is sent and never arrives. */
        COMMIT_LOST,
        /** The commit is made and its confirmation never arrives. */
        CONFIRMATION_LOST,
        /** The commit is made, its confirmation never arrives, and the database stays away until it is healed. */
        CONFIRMATION_LOST_THEN_DOWN
    }

    private final DataSource real;
    private final Deque<Fault> ofWriter = new ArrayDeque<>();
    private volatile Function<Boolean, Fault> otherwise = writer -> Fault.NONE;
    private volatile boolean down;
    private volatile @Nullable Throwable thrownByWriter;

    FaultyDatabase(DataSource real) {
        this.real = real;
    }

    /** The faults of the next group commits and reversals, one each. */
    synchronized void nextCommits(Fault... faults) {
        ofWriter.addAll(List.of(faults));
    }

    /** What happens to each transaction; it is asked whether that one is the writer's, and the commit waits for the answer. */
    void always(Function<Boolean, Fault> faults) {
        otherwise = faults;
    }

    void down() {
        down = true;
    }

    /** The next group commit throws this while it works. */
    void throwInWriter(Throwable thrown) {
        thrownByWriter = thrown;
    }

    synchronized void heal() {
        ofWriter.clear();
        otherwise = writer -> Fault.NONE;
        down = false;
        thrownByWriter = null;
    }

    DataSource source() {
        return proxy(DataSource.class, (method, arguments) -> {
            if (!method.getName().equals("getConnection")) {
                return call(real, method, arguments);
            }
            if (down) {
                throw new SQLException("the database is down", "08001");
            }
            return connection(real.getConnection());
        });
    }

    private Connection connection(Connection connection) {
        boolean[] writer = { false };
        return proxy(Connection.class, (method, arguments) -> {
            if (method.getName().equals("prepareStatement")
                    && ((String) arguments[0]).matches("(?s).*into (receipt_commit|usage_reversal).*")) {
                writer[0] = true;
                Throwable thrown = thrownByWriter;
                if (thrown != null) {
                    thrownByWriter = null;
                    throw thrown;
                }
            }
            if (method.getName().equals("commit")) {
                commit(connection, fault(writer[0]));
                return null;
            }
            return call(connection, method, arguments);
        });
    }

    private Fault fault(boolean writer) {
        Fault next = writer ? nextOfWriter() : null;
        // Not under the lock: one commit that hangs holds up no other.
        return next != null ? next : otherwise.apply(writer);
    }

    private synchronized @Nullable Fault nextOfWriter() {
        return ofWriter.poll();
    }

    private void commit(Connection connection, Fault fault) throws SQLException {
        switch (fault) {
            case NONE -> connection.commit();
            case REFUSED -> {
                connection.rollback();
                throw new SQLException("the server had to end this transaction", "40001");
            }
            case COMMIT_LOST -> connection.close();
            case CONFIRMATION_LOST -> {
                connection.commit();
                connection.close();
            }
            case CONFIRMATION_LOST_THEN_DOWN -> {
                connection.commit();
                connection.close();
                down = true;
            }
        }
        if (fault != Fault.NONE) {
            throw new SQLException("the connection was lost", "08006");
        }
    }

    private interface Handler {
        @Nullable
        Object handle(Method method, Object[] arguments) throws Throwable;
    }

    private static @Nullable Object call(Object target, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getTargetException();
        }
    }

    private static <T> T proxy(Class<T> type, Handler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] { type },
                (self, method, arguments) -> handler.handle(method, arguments)));
    }
}
