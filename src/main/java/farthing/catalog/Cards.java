package farthing.catalog;

import org.commonmark.node.Document;
import org.commonmark.node.Paragraph;
import org.commonmark.node.Text;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.HtmlRenderer;

/**
 * Turns a developer's Markdown into HTML that is safe to show: their own HTML is shown as text, unsafe addresses are dropped.
 */
class Cards {

    private static final Parser PARSER = Parser.builder().build();
    private static final HtmlRenderer RENDERER = HtmlRenderer.builder().escapeHtml(true).sanitizeUrls(true).build();

    private Cards() {
    }

    static String html(String markdown) {
        return RENDERER.render(PARSER.parse(markdown));
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
