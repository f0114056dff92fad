//! What stands where nothing is: a way on.

use maud::html;
use testigo_count::geography::UnitIndex;

use super::{Inside, Scene};
use crate::address::Page;

pub(super) fn draw(scene: Scene<'_>) -> Inside {
    let main = html! {
        h1 { (scene.t("missing.title")) }
        p.lead { (scene.t("missing.lead")) }
        (scene.search_form("", "words"))
        p { a href=(scene.to(Page::Unit(UnitIndex::WHOLE, 1))) { (scene.t("missing.home")) } }
    };
    let title = scene.t("missing.title").to_owned();
    Inside { description: scene.t("missing.lead").to_owned(), title, json: None, main }
}
