//! What the page of audits shows, worked out once for each state of the count.

use testigo_analysis::audit::course::{Course, CourseError, Risk, courses};
use testigo_analysis::audit::macro_batch::AuditError;
use testigo_count::entry::Against;

use crate::view::View;

/// The risk limit of the page. Others are for the command line.
pub const LIMIT: f64 = 0.05;

/// The audits of a contest, oldest first; of one whose list cannot be read, why.
pub type Audits = Vec<Result<Audited, CourseError>>;

/// One audit with what its records show.
#[derive(Debug)]
pub struct Audited {
    /// List, dice, order, records.
    pub course: Course,
    /// For everything that the list was compared with.
    pub risks: Vec<(Against, Result<Risk, AuditError>)>,
}

impl Audited {
    /// The audits of a contest, oldest first.
    #[must_use]
    pub fn all(view: &View, contest: usize) -> Audits {
        let courses = courses(&view.count, contest, |hash| view.lists.get(hash));
        let with_risks = |course: Course| {
            let risk = |against| (against, course.risk(&view.count, contest, against, LIMIT));
            let risks = course.compared_with().into_iter().map(risk).collect();
            Self { course, risks }
        };
        courses.into_iter().map(|course| course.map(with_risks)).collect()
    }
}
