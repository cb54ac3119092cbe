//! What runs beside the API: mail, slots, collections and assignments whose time begins or ends, documents and
//! certificates that end, gates that change, mutiara whose time is over, people to be told of change
//! requests, partitions, sweeping. Each duty is a loop of
//! its own; several workers may run at once, since what a duty takes from the database it takes for itself.

mod chains;
mod mail;
mod search;
mod sweep;

use std::time::Duration;

use kapal_persistence::{Db, Objects, Result};
use tokio::sync::watch;

pub use mail::{MailSettings, Mailer, MailerError};
pub use search::follow as follow_search;

const SECOND: Duration = Duration::from_secs(1);
/// For what nobody waits for with his eyes on it.
const MOMENT: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// A duty that failed is tried again after this long, or at its next time where that is sooner.
const PAUSE: Duration = Duration::from_secs(30);

/// Does every duty until `stop` turns true; a piece of work that is under way then is finished first.
pub async fn run(db: &Db, objects: &Objects, mailer: &Mailer, stop: watch::Receiver<bool>) {
    tokio::join!(
        every("mail", SECOND, stop.clone(), async || mailer.deliver(db, &stop).await),
        every("turns", SECOND, stop.clone(), async || db.turn_schedules().await.map(|_| ())),
        every("documents", SECOND, stop.clone(), async || db.turn_documents().await.map(|_| ())),
        every("certificates", SECOND, stop.clone(), async || db
            .turn_product_certificates()
            .await
            .map(|_| ())),
        every("gates", SECOND, stop.clone(), async || db.turn_gates().await.map(|_| ())),
        every("mutiara", SECOND, stop.clone(), async || db.turn_mutiara().await.map(|_| ())),
        every("change_requests", MOMENT, stop.clone(), async || db
            .tell_of_change_requests()
            .await
            .map(|_| ())),
        every("leads", MOMENT, stop.clone(), async || db.remind_of_leads().await.map(|_| ())),
        every("clicks", MINUTE, stop.clone(), async || db.forget_clicks().await.map(|_| ())),
        every("nation", SECOND, stop.clone(), async || db.tell_nation().await.map(|_| ())),
        every("assignments", SECOND, stop.clone(), async || db.turn_assignments().await.map(|_| ())),
        every("adoption", DAY, stop.clone(), async || {
            while db.adopt_hero_access().await? > 0 {}
            Ok(())
        }),
        every("hashes", DAY, stop.clone(), async || {
            while db.hash_bank_accounts().await? > 0 {}
            Ok(())
        }),
        every("partitions", DAY, stop.clone(), async || db.ensure_partitions().await),
        every("chains", HOUR, stop.clone(), async || chains::sign(db).await),
        every("privacy", MINUTE, stop.clone(), async || db.alarm_privacy_requests().await.map(|_| ())),
        every("sweep", HOUR, stop.clone(), async || sweep::all(db, objects).await),
    );
}

/// One duty: now, and again each time that `period` has passed since its end.
async fn every(
    duty: &'static str,
    period: Duration,
    mut stop: watch::Receiver<bool>,
    work: impl AsyncFn() -> Result<()>,
) {
    while !*stop.borrow() {
        let pause = match work().await {
            Ok(()) => period,
            Err(error) => {
                tracing::warn!(target: "kapal::worker", duty, %error, "a duty failed and is tried again");
                period.min(PAUSE)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // An error means that whoever could stop it is gone.
            stopped = stop.wait_for(|stop| *stop) => {
                let _ = stopped;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_duty_is_done_again_after_its_period_and_soon_after_a_failure() {
        let (stop, stopped) = watch::channel(false);
        let done = Cell::new(0);
        let began = tokio::time::Instant::now();
        every("test", HOUR, stopped, async || {
            done.set(done.get() + 1);
            match done.get() {
                1 => Err(kapal_persistence::Error::Busy),
                2 => Ok(()),
                _ => {
                    stop.send_replace(true);
                    Ok(())
                }
            }
        })
        .await;
        assert_eq!(done.get(), 3);
        assert_eq!(began.elapsed().as_secs(), (PAUSE + HOUR).as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_the_pause() {
        let (stop, stopped) = watch::channel(false);
        let duty = every("test", DAY, stopped, async || Ok(()));
        let stopping = async {
            tokio::time::sleep(SECOND).await;
            stop.send_replace(true);
        };
        let began = tokio::time::Instant::now();
        tokio::join!(duty, stopping);
        assert_eq!(began.elapsed(), SECOND);
    }
}
