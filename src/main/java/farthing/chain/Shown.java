package farthing.chain;

/** Foreign text inside an error message. */
class Shown {

    private static final int LONGEST = 64;

    private Shown() {
    }

    static String start(String text) {
        String oneLine = text.replaceAll("\\p{Cntrl}", " ");
        return oneLine.length() <= LONGEST ? oneLine : oneLine.substring(0, LONGEST) + "…";
    }
}
