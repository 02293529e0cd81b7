package farthing.market;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.commonmark.Extension;
import org.commonmark.ext.gfm.tables.TableBlock;
import org.commonmark.ext.gfm.tables.TableCell;
import org.commonmark.ext.gfm.tables.TableRow;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.Code;
import org.commonmark.node.Document;
import org.commonmark.node.FencedCodeBlock;
import org.commonmark.node.Heading;
import org.commonmark.node.Node;
import org.commonmark.node.Text;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.HtmlRenderer;
import org.jspecify.annotations.Nullable;

import farthing.catalog.Snippets.Snippet;
import io.quarkus.qute.RawString;

/**
 * The pages of {@code /docs}: Markdown files in {@code frontend-templates/docs}. In them {@code {{base}}} is this server's
 * address
 * and {@code {{model}}} a model that it lists; a code block in the language {@code snippet} names a call that is put there, in
 * several languages.
 */
final class Handbook {

    /** The pages in their order, by the last part of their address; that of the first is empty. */
    enum Chapter {
        START("start", "Start"),
        CALLERS("callers", "For callers"),
        DEVELOPERS("developers", "For developers"),
        CONTRIBUTORS("contributors", "For contributors"),
        OPERATORS("operators", "For operators"),
        BILLING("billing", "Billing"),
        WEBHOOKS("webhooks", "Webhooks"),
        API("api", "API");

        final String file;
        final String label;

        Chapter(String file, String label) {
            this.file = file;
            this.label = label;
        }

        String href() {
            return this == START ? "/docs" : "/docs/" + file;
        }
    }

    /** A stretch of a page: either text, or code to copy, in one language or in several. */
    record Part(@Nullable RawString html, List<Snippet> samples, String name) {
    }

    record Section(String id, String title) {
    }

    /** @param sections those of the second level */
    record Page(String title, List<Section> sections, List<Part> parts) {
    }

    private static final List<Extension> TABLES = List.of(TablesExtension.create());
    private static final Parser PARSER = Parser.builder().extensions(TABLES).build();
    private static final HtmlRenderer RENDERER = HtmlRenderer.builder().extensions(TABLES)
            .attributeProviderFactory(_ -> Handbook::attributes).build();
    private static final Pattern PLACE = Pattern.compile("\\{\\{(\\w+)}}");

    private Handbook() {
    }

    /** @param snippets the calls that a page may name */
    static Page read(Chapter chapter, Map<String, String> places, Function<String, List<Snippet>> snippets) {
        Node document = PARSER.parse(filled(text(chapter), places));
        List<Part> parts = new ArrayList<>();
        List<Section> sections = new ArrayList<>();
        String title = "";
        Document text = new Document();
        Node next;
        for (Node node = document.getFirstChild(); node != null; node = next) {
            next = node.getNext();
            if (node instanceof Heading heading && heading.getLevel() == 1) {
                title = words(heading);
            } else if (node instanceof FencedCodeBlock code) {
                flush(text, parts);
                text = new Document();
                boolean named = "snippet".equals(code.getInfo().split(" ")[0]);
                parts.add(new Part(null, named ? snippets.apply(code.getInfo().substring("snippet ".length()))
                        : List.of(new Snippet(code.getInfo(), code.getLiteral().stripTrailing())), "code-" + parts.size()));
            } else {
                if (node instanceof Heading heading && heading.getLevel() == 2) {
                    sections.add(new Section(slug(words(heading)), words(heading)));
                }
                text.appendChild(node);
            }
        }
        flush(text, parts);
        return new Page(title, List.copyOf(sections), List.copyOf(parts));
    }

    private static void flush(Document text, List<Part> parts) {
        if (text.getFirstChild() != null) {
            parts.add(new Part(new RawString(RENDERER.render(text)), List.of(), ""));
        }
    }

    private static String text(Chapter chapter) {
        try (InputStream in = Handbook.class.getResourceAsStream("/docs/" + chapter.file + ".md")) {
            if (in == null) {
                throw new IllegalStateException("there is no docs/" + chapter.file + ".md");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String filled(String text, Map<String, String> places) {
        return PLACE.matcher(text).replaceAll(found -> {
            String value = places.get(found.group(1));
            if (value == null) {
                throw new IllegalStateException("nothing is known for {{" + found.group(1) + "}}");
            }
            return Matcher.quoteReplacement(value);
        });
    }

    private static void attributes(Node node, String tag, Map<String, String> attributes) {
        if (node instanceof Heading heading) {
            attributes.put("id", slug(words(heading)));
        } else if (node instanceof TableBlock) {
            attributes.put("class", "cards");
        } else if (node instanceof TableCell cell && cell.isHeader()) {
            attributes.put("scope", "col");
        } else if (node instanceof TableCell cell) {
            attributes.put("data-label", columnOf(cell));
        } else if (node instanceof Code) {
            attributes.put("class", "wrap");
        }
    }

    /** On a phone each cell says itself what it is. */
    private static String columnOf(TableCell cell) {
        int column = 0;
        for (Node before = cell.getPrevious(); before != null; before = before.getPrevious()) {
            column++;
        }
        Node table = cell.getParent().getParent().getParent();
        Node header = table.getFirstChild().getFirstChild() instanceof TableRow row ? row.getFirstChild() : null;
        for (int i = 0; i < column && header != null; i++) {
            header = header.getNext();
        }
        return header == null ? "" : words(header);
    }

    private static String words(Node node) {
        StringBuilder words = new StringBuilder();
        for (Node child = node.getFirstChild(); child != null; child = child.getNext()) {
            words.append(child instanceof Text text ? text.getLiteral()
                    : child instanceof Code code ? code.getLiteral() : words(child));
        }
        return words.toString();
    }

    static String slug(String title) {
        return title.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    }
}
