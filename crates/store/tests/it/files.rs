use crate::support::*;
use doorward_domain::{FileId, FileName, Span, UserId};
use doorward_store::files::{self, File};

fn file(user: UserId, name: &str) -> File {
    File {
        id: FileId::new(NOW, fresh()),
        user_id: user,
        name: name.to_owned(),
        content_type: "text/plain".to_owned(),
        size: 42,
        created_at: NOW,
    }
}

on_every_backend! {
    async fn a_file_takes_the_place_of_its_namesake_and_says_so(store) {
        let user = ada(&store).await;
        let put = async |file: &File| write(&store, async |tx| files::upsert(tx, file).await).await;
        let (first, second, third) = (file(user, "a.txt"), file(user, "a.txt"), file(user, "a.txt"));
        assert_eq!(put(&first).await, None);
        assert_eq!(put(&second).await, Some(first.id));
        assert_eq!(put(&third).await, Some(second.id));
        let name = FileName::parse("a.txt").unwrap();
        assert_eq!(read(&store, async |tx| files::by_name(tx, user, &name).await).await, Some(third));
    }

    async fn of_parallel_uploads_every_replaced_one_is_named_once(store) {
        let user = ada(&store).await;
        let files: Vec<_> = at_once(20, |_| {
            let store = store.clone();
            async move {
                let file = file(user, "a.txt");
                (file.id, write(&store, async |tx| files::upsert(tx, &file).await).await)
            }
        }).await;
        let mut replaced: Vec<_> = files.iter().filter_map(|(_, replaced)| *replaced).collect();
        replaced.sort_unstable();
        replaced.dedup();
        assert_eq!(replaced.len(), 19);
        let name = FileName::parse("a.txt").unwrap();
        let last = read(&store, async |tx| files::by_name(tx, user, &name).await).await.unwrap();
        assert!(!replaced.contains(&last.id));
    }

    async fn files_belong_to_their_user(store) {
        let (user, other) = (ada(&store).await, add(&store, new_user()).await);
        let (one, two) = (file(user, "b.txt"), File { created_at: later(Span::seconds(1)), ..file(user, "a.txt") });
        for file in [&one, &two, &file(other, "a.txt")] {
            write(&store, async |tx| files::upsert(tx, file).await).await;
        }
        assert_eq!(read(&store, async |tx| files::count(tx, user).await).await, 2);
        assert_eq!(read(&store, async |tx| files::of_user(tx, user).await).await, [two.clone(), one]);
        let name = FileName::parse("a.txt").unwrap();
        let delete = async || write(&store, async |tx| files::delete(tx, user, &name).await).await;
        assert_eq!(delete().await, Some(two));
        assert_eq!(delete().await, None);
        assert_eq!(read(&store, async |tx| files::count(tx, other).await).await, 1);
    }
}
