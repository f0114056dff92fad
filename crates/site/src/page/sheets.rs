//! Sheets that belong to no station yet, because nobody could read them so far.

use maud::html;

use super::parts::part_of;
use super::station::picture;
use super::{Inside, SHEETS, Scene};
use crate::address::Page;

pub(super) fn draw(scene: Scene<'_>, part: u32) -> Option<Inside> {
    let sheets: Vec<_> = scene.view.loose_sheets().collect();
    let rows = part_of(&sheets, SHEETS, part)?;
    let number = u64::try_from(sheets.len()).unwrap_or(u64::MAX);
    let main = html! {
        h1 { (scene.language.count("sheets.title", number)) }
        p.lead { (scene.t("sheets.lead")) }
        @if rows.is_empty() { p.empty { (scene.t("sheets.none")) } }
        div.gallery { @for sheet in rows { (picture(scene, *sheet, false)) } }
        (scene.parts(sheets.len(), SHEETS, part, Page::Sheets))
        p.note { a href="/data/sheets.csv" { (scene.t("sheets.csv_all")) } }
    };
    let title = scene.language.count("sheets.title", number);
    Some(Inside { description: format!("{title}. {}", scene.t("sheets.lead")), title, json: None, main })
}
