//! What the parser of entries refuses although the types would hold it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic, and a skipped one says so")]

use testigo_count::{Entry, EntryError};

const RULE: &str = r#""people":2,"qr_from_custody":true,"signatures":1,"single_published":false"#;

fn election(rule: &str) -> String {
    let hash = "0".repeat(64);
    format!(
        r#"{{"counting":{{{rule}}},"definition":"{hash}","origin":"example.org/a","pack":"{hash}","readers":{{}},"register":"{hash}","register_origin":"list","type":"election","v":1}}"#
    )
}

#[test]
fn rules_that_would_let_one_person_decide_are_refused() {
    assert!(Entry::parse(election(RULE).as_bytes()).is_ok());
    for rule in [RULE.replace("signatures\":1", "signatures\":0"), RULE.replace("people\":2", "people\":1")] {
        assert!(matches!(Entry::parse(election(&rule).as_bytes()), Err(EntryError::Malformed(_))), "{rule}");
    }
}

#[test]
fn times_tell_ten_minutes_and_no_less() {
    let intake = |time: u64| format!(r#"{{"commitments":[],"source":"public","time":{time},"type":"intake","v":1}}"#);
    assert!(Entry::parse(intake(1_935_000_000).as_bytes()).is_ok());
    assert!(matches!(Entry::parse(intake(1_935_000_001).as_bytes()), Err(EntryError::Malformed(_))));
}

#[test]
fn arrivals_and_masks_are_known_in_their_versions() {
    let hash = "0".repeat(64);
    let intake = |version: u64, pictures: &str| {
        let rest = format!(r#""source":"public","time":1935000000,"type":"intake","v":{version}}}"#);
        Entry::parse(format!("{{{pictures},{rest}").as_bytes())
    };
    let picture = format!(r#""pictures":[{{"original":"{hash}","pixels":"{hash}"}}]"#);
    assert!(matches!(intake(1, r#""commitments":[]"#), Ok(Entry::Intake(_))));
    assert!(matches!(intake(2, &picture), Ok(Entry::PictureIntake(_))));
    assert!(matches!(intake(1, &picture), Err(EntryError::Malformed(_))));
    assert!(matches!(intake(2, r#""commitments":[]"#), Err(EntryError::Malformed(_))));
    assert!(matches!(intake(3, &picture), Err(EntryError::UnknownVersion { version: 3, .. })));
    let half = format!(r#""pictures":[{{"original":"{hash}"}}]"#);
    assert!(matches!(intake(2, &half), Err(EntryError::Malformed(_))));

    let mask = |page: &str, prev: &str, version: u64| {
        let head =
            format!(r#"{{"masked":[[1,2,3,4]],"page":{page},{prev}"reason":"personal-data","rendition":"{hash}""#);
        Entry::parse(format!(r#"{head},"sheet":7,"type":"mask","v":{version}}}"#).as_bytes())
    };
    assert!(matches!(mask("0", "", 1), Ok(Entry::Mask(_))));
    assert!(matches!(mask("4294967295", r#""prev":9,"#, 1), Ok(Entry::Mask(_))));
    assert!(mask("4294967296", "", 1).is_err());
    assert!(mask("0", r#""prev":9007199254740992,"#, 1).is_err());
    assert!(matches!(mask("0", "", 2), Err(EntryError::UnknownVersion { version: 2, .. })));
}

#[test]
fn a_batch_as_large_as_allowed_fits_into_an_entry() {
    use testigo_count::entry::{CommittedPicture, PictureIntakeEntry};
    let picture = |number: usize| {
        let [original, pixels] = [number, number + 1_000].map(|n| testigo_count::DocumentHash::of(&n.to_be_bytes()));
        CommittedPicture { original, pixels }
    };
    let pictures = |count: usize| (0..count).map(picture).collect();
    let class = testigo_count::SourceClass::Custody;
    let entry = |count| Entry::PictureIntake(PictureIntakeEntry::new(pictures(count), class, 9_007_199_254_740_000));
    assert!(entry(PictureIntakeEntry::LARGEST_BATCH).to_bytes().is_ok());
    assert_eq!(entry(PictureIntakeEntry::LARGEST_BATCH + 1).to_bytes(), Err(EntryError::TooLong(8_035)));
}

#[test]
fn a_failure_supersedes_nothing() {
    let failure =
        |prev: &str| format!(r#"{{"failure":"no-code-found",{prev}"reader":"qr","sheet":3,"type":"reading","v":1}}"#);
    assert!(Entry::parse(failure("").as_bytes()).is_ok());
    assert!(matches!(Entry::parse(failure(r#""prev":4,"#).as_bytes()), Err(EntryError::Malformed(_))));
}

#[test]
fn official_figures_and_audits_are_refused_where_they_make_no_sense() {
    let hash = "0".repeat(64);
    let official = |more: &str| {
        format!(
            r#"{{"bulletin":"1","contest":"c","document":"{hash}"{more},"source":"court","type":"official","v":1}}"#
        )
    };
    for (more, good) in [
        ("", true),
        (r#","percent":{"decimals":1,"each":{"A":5120}}"#, true),
        (r#","percent":{"decimals":1,"each":{"A":5125}}"#, false),
        (r#","percent":{"decimals":3,"each":{"A":5125}}"#, false),
        (r#","percent":{"decimals":1,"each":{}}"#, false),
        (r#","other":{}"#, false),
        (r#","prev":9007199254740992"#, false),
        (r#","registered":9007199254740991"#, true),
    ] {
        assert_eq!(Entry::parse(official(more).as_bytes()).is_ok(), good, "{more}");
    }
    let audit = |prev: &str, step: &str| format!(r#"{{{prev}"step":{{{step}}},"type":"audit","v":1}}"#);
    let record = r#""act":"record","against":"paper","list":7,"station":"1""#;
    for (entry, good) in [
        (audit(r#""prev":3,"#, record), true),
        (audit("", r#""act":"record","against":"paper","list":7,"other":{"null":1},"station":"1""#), false),
        (audit("", r#""act":"seed","list":7,"seed":"0042""#), true),
        (audit("", r#""act":"seed","list":7,"seed":"dice""#), false),
        (audit(r#""prev":3,"#, r#""act":"seed","list":7,"seed":"0042""#), false),
    ] {
        assert_eq!(Entry::parse(entry.as_bytes()).is_ok(), good, "{entry}");
    }
}
