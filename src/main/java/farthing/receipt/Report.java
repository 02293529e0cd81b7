package farthing.receipt;

import java.io.IOException;
import java.io.PrintStream;
import java.util.HexFormat;
import java.util.Locale;

import farthing.money.Amount;

/** What {@code verify} says: a line for everything that it checked. */
final class Report {

    private final PrintStream out;

    Report(PrintStream out) {
        this.out = out;
    }

    /** Something was expected and something else was found; the message is a sentence. */
    static final class Difference extends Exception {
        Difference(String sentence) {
            super(sentence);
        }
    }

    /** Gives what is good in words, or throws what is not. */
    interface Check {
        String run() throws Difference, IOException;
    }

    /** @return whether it holds */
    boolean holds(Check check) throws IOException {
        try {
            String good = check.run();
            out.println("  ok    " + good);
            return true;
        } catch (Difference | MalformedFile e) {
            out.println("  WRONG " + e.getMessage());
        } catch (ArithmeticException e) {
            out.println("  WRONG A sum of the file does not fit 64 bits.");
        }
        return false;
    }

    /** Something that could not be checked, which proves nothing and disproves nothing. */
    void note(String sentence) {
        out.println("  --    " + sentence);
    }

    void say(String text) {
        out.println(text);
    }

    /** For what takes long. */
    void progress(long done, long all, String of) {
        out.println("        " + counted(done) + " of " + counted(all) + " " + of);
    }

    static String counted(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** @param one of what, e.g. {@code receipt} */
    static String counted(long number, String one) {
        return counted(number) + " " + one + (number == 1 ? "" : "s");
    }

    /** @param what is looked at @param whence the expectation comes */
    static void expect(String what, Object found, String whence, Object expected) throws Difference {
        if (!found.equals(expected)) {
            throw new Difference(what + " is " + found + "; " + whence + " " + expected + ".");
        }
    }

    static String micros(Amount amount) {
        return History.micros(amount) + " micro-units";
    }

    static String hex(byte[] bytes) {
        return "0x" + HexFormat.of().formatHex(bytes);
    }
}
