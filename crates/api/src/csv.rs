//! A list as a file: where a list's request accepts `text/csv`, the whole filtered list is its answer, read in keyset
//! batches and sent as it is read, so that its length costs no memory.

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, SecondsFormat, Utc};
use kapal_domain::permission::Demand;
use kapal_persistence::{Cursor, Page, TenantTx};

use crate::answer::Answered;
use crate::pieces::in_pieces;
use crate::{Problem, Staff};

/// Rows that are read at a time.
const BATCH: usize = 500;

/// A thing as a row of a file. What is personal in it is masked as in the list.
pub(crate) trait Record {
    /// The names of the columns.
    const COLUMNS: &'static [&'static str];
    /// Its cells, in their order.
    fn cells(&self) -> Vec<String>;
}

/// A time as a cell.
pub(crate) fn time_cell(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A cell that may be empty.
pub(crate) fn optional_cell<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// Whether a list's request asks for a file: `Accept` names `text/csv` before JSON or anything.
pub(crate) fn wants_csv(request: &HttpRequest) -> bool {
    let accepted = request.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let mut kinds = accepted
        .flat_map(|value| value.split(','))
        .map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let first = kinds.find(|kind| matches!(kind.as_str(), "text/csv" | "application/json" | "*/*"));
    first.as_deref() == Some("text/csv")
}

/// What is still to be read of a list.
struct Reading<P, R> {
    staff: Staff<P>,
    read: R,
    /// None at the start.
    after: Option<Cursor>,
}

/// Answers with the list as the file `name`. `read` gives the page after a cursor, each in a transaction of its own, so
/// that a slow reader holds none open; who loses the right to it on the way gets no further batch.
pub(crate) async fn csv<P, T, R>(staff: Staff<P>, name: &str, read: R) -> Answered
where
    P: Demand,
    T: Record + 'static,
    R: AsyncFn(&mut TenantTx<'_>, Option<&Cursor>, usize) -> Result<Page<T>, Problem> + 'static,
{
    let body = in_pieces(Reading { staff, read, after: None }, batch).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{name}.csv")))
        .insert_header((header::VARY, "Accept"))
        .streaming(body))
}

/// The next lines, and what is left.
async fn batch<P, T, R>(reading: Reading<P, R>) -> Result<(Bytes, Option<Reading<P, R>>), Problem>
where
    P: Demand,
    T: Record,
    R: AsyncFn(&mut TenantTx<'_>, Option<&Cursor>, usize) -> Result<Page<T>, Problem>,
{
    let Reading { staff, read, after } = reading;
    let mut text = String::new();
    if after.is_none() {
        line(&mut text, T::COLUMNS.iter().copied());
    }
    let page = {
        let mut tx = staff.open().await?;
        let page = read(&mut tx, after.as_ref(), BATCH).await?;
        tx.commit().await?;
        page
    };
    for thing in &page.items {
        let cells = thing.cells();
        line(&mut text, cells.iter().map(String::as_str));
    }
    let rest = page.next.map(|cursor| Reading { staff, read, after: Some(cursor) });
    Ok((Bytes::from(text), rest))
}

/// One line (RFC 4180), every cell in quotes.
pub(crate) fn line<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push('"');
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']) {
            // A spreadsheet would take it for a formula.
            text.push('\'');
        }
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn one(cell: &str) -> String {
        let mut text = String::new();
        line(&mut text, [cell].into_iter());
        text
    }

    #[test]
    fn no_first_character_makes_a_formula_of_a_cell() {
        for code in 0..=0x10_ffff_u32 {
            let Some(first) = char::from_u32(code) else { continue };
            let written = one(&format!("{first}1+1"));
            let shown = &written[1..];
            assert!(!shown.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']), "{first:?}: {written:?}");
        }
        assert_eq!(one("=1"), "\"'=1\"\r\n");
        assert_eq!(one("Kopi \"Egon\""), "\"Kopi \"\"Egon\"\"\"\r\n");
    }

    #[test]
    fn commas_quotes_and_line_ends_stay_inside_their_cell() {
        let mut text = String::new();
        line(&mut text, ["a,b", "say \"hi\"", "one\r\ntwo", ""].into_iter());
        assert_eq!(text, "\"a,b\",\"say \"\"hi\"\"\",\"one\r\ntwo\",\"\"\r\n");
    }

    #[test]
    fn a_file_is_what_is_named_first() {
        for (accept, wanted) in [
            ("text/csv", true),
            ("text/csv;q=1, application/json", true),
            ("application/json, text/csv", false),
            ("*/*", false),
            ("text/html", false),
        ] {
            let request = TestRequest::default().insert_header((header::ACCEPT, accept)).to_http_request();
            assert_eq!(wants_csv(&request), wanted, "{accept}");
        }
        assert!(!wants_csv(&TestRequest::default().to_http_request()));
    }
}
