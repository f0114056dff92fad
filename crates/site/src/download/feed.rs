//! Changes as an Atom feed (RFC 4287). The only times in the ledger are those of batches of pictures, rounded to ten
//! minutes; whatever has none carries that of the batch before it.

use std::fmt::Write;

use testigo_count::geography::UnitIndex;

use super::escaped;
use crate::address::{Address, Page};
use crate::language::civil_date;
use crate::page;
use crate::view::View;

/// So many moments at which pictures came in are told of.
const MOMENTS: usize = 40;

/// The feed in a language.
#[must_use]
pub fn feed(view: &View, language: usize) -> Vec<u8> {
    let (count, words) = (&view.count, view.language(language));
    let definition = count.definition();
    let code = view.language_code(language);
    let mut moments: Vec<(u64, u64, u64)> = Vec::new();
    for (entry, intake) in count.intakes() {
        let pictures = u64::try_from(intake.picture_count()).unwrap_or(u64::MAX);
        match moments.last_mut() {
            Some(last) if last.0 == intake.time => last.2 += pictures,
            _ => moments.push((intake.time, entry.0, pictures)),
        }
    }
    let moment = |seconds: Option<u64>| match seconds {
        Some(seconds) => {
            format!("{}T{:02}:{:02}:00Z", civil_date(seconds), seconds / 3_600 % 24, seconds / 60 % 60)
        }
        None => format!("{}T00:00:00Z", definition.date),
    };
    let updated = moment(moments.iter().map(|moment| moment.0).max());
    let home = Address { language, contest: 0, page: Page::Unit(UnitIndex::WHOLE, 1) }.path(count);
    let id = |what: &str| escaped(&format!("tag:{},{}:{what}", view.head.origin.replace('/', ":"), definition.date));
    let title = format!("{}, {}", definition.title.in_language(code), definition.place.in_language(code));
    let mut feed = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">\n<id>{}</id>\n<title>{}</title>\n<updated>{updated}</updated>\n<author><name>{}</name></author>\n<link rel=\"alternate\" type=\"text/html\" href=\"{home}\"/>\n",
        escaped(code),
        id("feed"),
        escaped(&title),
        escaped(&view.head.origin),
    );
    let mut entry = |what: &str, updated: &str, title: &str, content: &str| {
        let _ = write!(
            feed,
            "<entry>\n<id>{}</id>\n<title>{}</title>\n<updated>{updated}</updated>\n<link rel=\"alternate\" type=\"text/html\" href=\"{home}\"/>\n<content type=\"text\">{}</content>\n</entry>\n",
            id(what),
            escaped(title),
            escaped(content)
        );
    };
    for (contest, one) in definition.contests.iter().enumerate() {
        let (leader, coverage) = page::sentences(view, language, contest);
        let title = format!("{}: {leader}", one.title.in_language(code));
        entry(&format!("{}/{}", one.id, view.head.size), &updated, &title, &coverage);
    }
    for (seconds, index, pictures) in moments.iter().rev().take(MOMENTS) {
        let number = words.number(*pictures);
        let text = words.fill("arrivals.at_once", &[("number", &number), ("time", &words.moment(*seconds))]);
        entry(&format!("entry/{index}"), &moment(Some(*seconds)), &text, &text);
    }
    feed.push_str("</feed>\n");
    feed.into_bytes()
}
