package farthing.market;

/** Lines of progress for the person who started the server. */
class Progress {

    private Progress() {
    }

    static void say(String what) {
        System.out.println("farthing: " + what);
    }
}
