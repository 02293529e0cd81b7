package farthing.catalog;

import java.util.ArrayList;
import java.util.List;

import org.commonmark.Extension;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.Document;
import org.commonmark.node.Heading;
import org.commonmark.node.Node;
import org.commonmark.node.Paragraph;
import org.commonmark.node.Text;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.HtmlRenderer;

/**
 * Turns a developer's Markdown into HTML that is safe to show: their own HTML is shown as text, unsafe addresses are dropped.
 */
class Cards {

    private static final List<Extension> TABLES = List.of(TablesExtension.create());
    private static final Parser PARSER = Parser.builder().extensions(TABLES).build();
    private static final HtmlRenderer RENDERER = HtmlRenderer.builder().extensions(TABLES).escapeHtml(true).sanitizeUrls(true)
            .build();

    private Cards() {
    }

    static String html(String markdown) {
        Node card = PARSER.parse(markdown);
        List<Heading> headings = new ArrayList<>();
        card.accept(new AbstractVisitor() {
            @Override
            public void visit(Heading heading) {
                headings.add(heading);
            }
        });
        // The page's own heading is the only one of the first level.
        if (headings.stream().anyMatch(heading -> heading.getLevel() == 1)) {
            headings.forEach(heading -> heading.setLevel(Math.min(6, heading.getLevel() + 1)));
        }
        return RENDERER.render(card);
    }

    /** A paragraph of text that is no Markdown. */
    static String paragraph(String text) {
        Paragraph paragraph = new Paragraph();
        paragraph.appendChild(new Text(text));
        Document document = new Document();
        document.appendChild(paragraph);
        return RENDERER.render(document);
    }
}
