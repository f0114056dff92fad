//! A made-up results file in the form of a pack that has a mapping of its own.

/// A pack with 38 lines for ten candidates, whose rule lets a single published reading count.
pub const PACK: &str = "ve-2024";

const CANDIDATES: [&str; 10] = ["EG", "NM", "LM", "JABE", "JOBR", "AE", "CF", "DC", "EM", "BERA"];
/// The candidate of each line of the ballot, as places in [`CANDIDATES`].
const LINES: [(usize, usize); 10] = [(1, 13), (2, 6), (3, 1), (4, 4), (5, 6), (6, 1), (7, 2), (0, 3), (8, 1), (9, 1)];

fn centre(number: usize) -> String {
    format!("0{}01{:02}{:03}", 1 + number % 3, 1 + number % 7, 1 + number / 21)
}

/// Votes on a line of the ballot at a station.
fn votes(number: usize, line: usize) -> usize {
    (number * 31 + line * 7) % 23
}

/// The votes of all lines of the ballot, added up by candidate.
pub fn by_candidate(of_lines: &[usize]) -> Vec<(&'static str, usize)> {
    let mut rest = of_lines.iter();
    LINES.iter().map(|(candidate, lines)| (CANDIDATES[*candidate], rest.by_ref().take(*lines).sum())).collect()
}

/// A results file of so many stations in three states.
pub fn rows(stations: usize) -> String {
    let mut csv = format!(
        "COD_EDO,EDO,COD_MUN,MUN,COD_PAR,PAR,CENTRO,MESA,RE,VOTOS_VALIDOS,VOTOS_NULOS,{},URL\r\n",
        CANDIDATES.join(",")
    );
    for number in 0..stations {
        let of_lines: Vec<usize> = (0..38).map(|line| votes(number, line)).collect();
        let of = by_candidate(&of_lines);
        let in_order = CANDIDATES.iter().filter_map(|id| of.iter().find(|(candidate, _)| candidate == id));
        let of_candidates: Vec<String> = in_order.map(|(_, votes)| votes.to_string()).collect();
        let centre = centre(number);
        csv.push_str(&format!(
            "{},STATE {0},1,TOWN,1,PARISH,{},1,900,{},2,{},\r\n",
            &centre[1..2],
            centre.trim_start_matches('0'),
            of_lines.iter().sum::<usize>(),
            of_candidates.join(",")
        ));
    }
    csv
}

/// What the code of a station's sheet says, cut or lengthened to so many lines; `first` takes the place of the first.
pub fn payload(number: usize, lines: usize, first: &str) -> String {
    let mut votes: Vec<String> = (0..lines).map(|line| votes(number, line).to_string()).collect();
    if !first.is_empty() {
        first.clone_into(&mut votes[0]);
    }
    format!("{}.01.1.0001!{}!2!0", centre(number), votes.join(","))
}

/// A mapping of a table with the columns STATION, YES and NO to the demonstration's question.
pub const DEMO_MAPPING: &str = r#"id = "question"
station = [{ column = "STATION" }]

[[numbers]]
contest = "water"
candidates = { yes = "YES", no = "NO" }
"#;
