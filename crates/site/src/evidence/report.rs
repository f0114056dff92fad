//! The report of an evidence pack: the same words, tables and pictures as a page and as a PDF.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::pdf::{HEADING, Pdf, SMALL_HEADING, TEXT, TITLE};

/// One piece of a report.
pub(super) enum Block {
    Title(String),
    Heading(String),
    SmallHeading(String),
    Text(String),
    /// The first row is the head.
    Table(Vec<Vec<String>>),
    Picture {
        /// In the pack.
        path: String,
        caption: String,
        bytes: Vec<u8>,
    },
}

/// As a page that needs nothing but the pack.
pub(super) fn page(language: &str, title: &str, blocks: &[Block]) -> String {
    const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}\
        table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}th,td{text-align:right;padding:.25rem .5rem;\
        border-bottom:1px solid #ccc;font-variant-numeric:tabular-nums}th:first-child,td:first-child{text-align:left}\
        img{max-width:100%;border:1px solid #ccc}code,p{overflow-wrap:anywhere}@media print{h2{break-before:page}}";
    html! {
        (DOCTYPE)
        html lang=(language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { @for block in blocks { (on_page(block)) } }
        }
    }
    .into_string()
}

fn on_page(block: &Block) -> Markup {
    html! {
        @match block {
            Block::Title(text) => { h1 { (text) } }
            Block::Heading(text) => { h2 { (text) } }
            Block::SmallHeading(text) => { h3 { (text) } }
            Block::Text(text) => { p { (text) } }
            Block::Table(rows) => {
                table {
                    @if let Some((head, body)) = rows.split_first() {
                        thead { tr { @for field in head { th scope="col" { (field) } } } }
                        tbody { @for row in body { tr { @for field in row { td { (field) } } } } }
                    }
                }
            }
            Block::Picture { path, caption, .. } => {
                figure { img src=(path) alt=(caption); figcaption { (caption) } }
            }
        }
    }
}

/// A paragraph of a plain text in lines that fit a screen.
pub(super) fn wrapped(text: &str) -> String {
    const WIDTH: usize = 88;
    let (mut lines, mut length) = (String::new(), 0);
    for word in text.split_whitespace() {
        let letters = word.chars().count();
        if length > 0 && length + 1 + letters > WIDTH {
            lines.push('\n');
            length = 0;
        } else if length > 0 {
            lines.push(' ');
            length += 1;
        }
        lines.push_str(word);
        length += letters;
    }
    lines.push('\n');
    lines
}

/// As a PDF. `unfit` is said in place of a picture that cannot be put into one.
pub(super) fn pdf(title: &str, blocks: &[Block], unfit: &str) -> Vec<u8> {
    let mut pdf = Pdf::new();
    for block in blocks {
        match block {
            Block::Title(text) => pdf.paragraph(TITLE, text),
            Block::Heading(text) => pdf.paragraph(HEADING, text),
            Block::SmallHeading(text) => pdf.paragraph(SMALL_HEADING, text),
            Block::Text(text) => pdf.paragraph(TEXT, text),
            Block::Table(rows) => rows.iter().enumerate().for_each(|(at, row)| pdf.row(row, at == 0)),
            Block::Picture { path, caption, bytes } => {
                if !pdf.picture(bytes) {
                    pdf.paragraph(TEXT, &format!("{unfit} {path}"));
                }
                pdf.paragraph(TEXT, caption);
            }
        }
    }
    pdf.finish(title)
}
