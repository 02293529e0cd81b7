package farthing.artefact;

import java.nio.charset.StandardCharsets;

/** The rule for names that people give their files: text to show, which no part of the server takes for a path. */
final class FileName {

    private static final int LONGEST = 255;

    private FileName() {
    }

    /** @throws UploadRefused.WrongFileName saying what is wrong with it */
    static String checked(String name) {
        if (name.isBlank() || name.equals(".") || name.equals("..")) {
            throw new UploadRefused.WrongFileName("is empty");
        }
        if (name.getBytes(StandardCharsets.UTF_8).length > LONGEST) {
            throw new UploadRefused.WrongFileName("has more than " + LONGEST + " bytes");
        }
        if (name.indexOf('/') >= 0 || name.indexOf('\\') >= 0) {
            throw new UploadRefused.WrongFileName("holds a path");
        }
        if (!name.codePoints().allMatch(FileName::visible)) {
            throw new UploadRefused.WrongFileName("holds characters that cannot be seen");
        }
        return name;
    }

    /**
     * Not so: control characters, marks that turn the direction of writing, halves of characters, the replacement character.
     */
    private static boolean visible(int c) {
        return c != 0xfffd && switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.PRIVATE_USE, Character.UNASSIGNED ->
                false;
            default -> true;
        };
    }
}
