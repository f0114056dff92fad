//! Links that work from any folder: in a page of a mirror, root-relative addresses become relative to the page's file.
//!
//! Pages are drawn for the live site, where `/a/b` is an address. A mirror may stand at any path of any server, or on a USB
//! stick without a server, so there the same link has to be `../../a/b/index.html`. In our pages an attribute that holds an
//! address begins with a slash, and no other text can look like one, because quotes in texts are escaped.

use memchr::memchr;
use memchr::memmem::Finder;

use crate::address::push_file_of;

/// Attributes that hold addresses. Those whose name begins with `data-` do, too, if their value begins with a slash.
const LINKS: [&str; 3] = ["href", "src", "action"];

/// Tells scripts where the site begins: `/` on the live site. A folder, where all others are files.
const ROOT: &str = "data-root";

/// A page with its links relative to `file`, its own place in the mirror.
#[must_use]
pub fn relative(html: &str, file: &str) -> String {
    let up = "../".repeat(file.matches('/').count());
    let mut page = String::with_capacity(html.len() + html.len() / 8);
    let links = Finder::new("=\"/");
    let mut rest = html;
    while let Some(at) = links.find(rest.as_bytes()) {
        let (before, value) = (&rest[..at], &rest[at + 2..]);
        let end = memchr(b'"', value.as_bytes()).unwrap_or(value.len());
        page.push_str(before);
        page.push_str("=\"");
        let name = before.rsplit(' ').next().unwrap_or_default();
        match &value[..end] {
            _ if name == ROOT => page.push_str(if up.is_empty() { "./" } else { &up }),
            link if LINKS.contains(&name) || name.starts_with("data-") => push_link(&mut page, &up, link),
            text => page.push_str(text),
        }
        rest = &value[end..];
    }
    page.push_str(rest);
    page
}

fn push_link(page: &mut String, up: &str, link: &str) {
    let (path, after) = link.split_at(link.find(['?', '#']).unwrap_or(link.len()));
    page.push_str(up);
    push_file_of(page, path);
    page.push_str(after);
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn links_go_up_to_the_root_and_down_to_a_file() {
        let html = r##"<body data-root="/" data-size="4"><a title="/x" href="/en/">A</a> <a href="/method#disputed">href=&quot;/</a><a href="#main"><img alt="" src="/renditions/ab/abc.jpg"><form action="/search"><a href="/region/1.json" download>"##;
        assert_eq!(
            relative(html, "region/1/index.html"),
            r##"<body data-root="../../" data-size="4"><a title="/x" href="../../en/index.html">A</a> <a href="../../method/index.html#disputed">href=&quot;/</a><a href="#main"><img alt="" src="../../renditions/ab/abc.jpg"><form action="../../search/index.html"><a href="../../region/1.json" download>"##
        );
        assert_eq!(
            relative(r#"<body data-root="/"><a href="/">"#, "index.html"),
            r#"<body data-root="./"><a href="index.html">"#
        );
        assert_eq!(relative(r#"cut short="/"#, "index.html"), r#"cut short="/"#);
    }
}
