//! Writes a certificate to look at: `cargo run --example certificate > certificate.pdf`.

use std::io::Write;

use chrono::NaiveDate;
use kapal_papers::certificate::{Certificate, render};

fn main() -> std::io::Result<()> {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    let started = std::time::Instant::now();
    let pdf = render(&Certificate {
        number: "EKRAF-SULAWESI/2026/00012",
        code: "7K3M-ZQ9A-04RW-XD1C",
        verify_url: "https://kapal.example/verify/7K3M-ZQ9A-04RW-XD1C",
        aggregator: "Ekraf Sulawesi",
        merchant: "Tenun Ni Luh Ayu Saraswati Kéʼe",
        programme_id: "Pembukuan dan Penjualan Daring untuk Penenun",
        programme_en: "Bookkeeping and Selling Online for Weavers",
        starts_on: day(2026, 12, 1),
        ends_on: day(2027, 2, 26),
        hours: 24,
        issued_on: day(2027, 2, 26),
    });
    eprintln!("{} bytes in {:?}", pdf.len(), started.elapsed());
    std::io::stdout().write_all(&pdf)
}
