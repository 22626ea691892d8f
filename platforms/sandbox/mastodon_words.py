"""What Mastodon-like servers say when they refuse."""

# What is refused: status, in English, and as a server says it to a person whose language is Japanese.
WORDS = {
    "token": (401, "The access token is invalid", "アクセストークンが無効です"),
    "revoked": (401, "The access token was revoked", "アクセストークンは取り消されています"),
    "expired": (401, "The access token expired", "アクセストークンの有効期限が切れました"),
    "no_person": (
        422,
        "This method requires an authenticated user",
        "このメソッドにはユーザー認証が必要です",
    ),
    "disabled": (
        403,
        "Your login is currently disabled",
        "あなたのアカウントは現在ログインが無効化されています",
    ),
    "scope": (
        403,
        "This action is outside the authorized scopes",
        "このアクションは許可されたスコープの範囲外です",
    ),
    "missing": (404, "Record not found", "レコードが見つかりません"),
    "blank": (
        422,
        "Validation failed: Text can't be blank",
        "バリデーションに失敗しました: 本文を入力してください",
    ),
    "long": (
        422,
        "Validation failed: Text character limit of {limit} exceeded",
        "バリデーションに失敗しました: 本文は{limit}文字以内で入力してください",
    ),
    "many": (
        422,
        "Validation failed: Cannot attach more than {limit} files",
        "バリデーションに失敗しました: 追加できるファイルは{limit}つまでです",
    ),
    "mixed": (
        422,
        "Validation failed: Cannot attach a video to a post that already contains images",
        "バリデーションに失敗しました: 既に画像が追加されているため、動画を追加することはできません",
    ),
    "unfinished": (
        422,
        "Validation failed: Cannot attach files that have not finished processing. Try again in a moment!",
        "バリデーションに失敗しました: 処理が終わっていないファイルは添付できません",
    ),
    "no_media": (
        422,
        "Validation failed: Media {ids} not found or already attached to another post",
        "バリデーションに失敗しました: メディア {ids} が見つからないか、既に他の投稿に添付されています",
    ),
    "no_file": (
        422,
        "Validation failed: File can't be blank",
        "バリデーションに失敗しました: ファイルを選択してください",
    ),
    "file": (
        422,
        "Validation failed: File content type is invalid, File is invalid",
        "バリデーションに失敗しました: ファイルの形式が不正です",
    ),
    "file_large": (
        422,
        "Validation failed: File file size must be less than {limit} MB",
        "バリデーションに失敗しました: ファイルサイズは{limit}MB以下にしてください",
    ),
    "description": (
        422,
        "Validation failed: Description is too long (maximum is {limit} characters)",
        "バリデーションに失敗しました: 説明は{limit}文字以内で入力してください",
    ),
    "thumbnail": (
        422,
        "Error processing thumbnail for uploaded media",
        "アップロードされたメディアのサムネイル処理に失敗しました",
    ),
    "dimensions": (
        422,
        "{size} videos are not supported",
        "{size}の動画はサポートされていません",
    ),
    "poll_few": (
        422,
        "Validation failed: Options must have more than one item",
        "バリデーションに失敗しました: 選択肢は複数必要です",
    ),
    "poll_many": (
        422,
        "Validation failed: Options can't contain more than {limit} items",
        "バリデーションに失敗しました: 選択肢は{limit}個までです",
    ),
    "poll_long": (
        422,
        "Validation failed: Options cannot be longer than {limit} characters each",
        "バリデーションに失敗しました: 選択肢は{limit}文字以内で入力してください",
    ),
    "poll_same": (
        422,
        "Validation failed: Options contain duplicate items",
        "バリデーションに失敗しました: 選択肢に重複した項目が含まれています",
    ),
    "poll_soon": (
        422,
        "Validation failed: Expires at is too soon",
        "バリデーションに失敗しました: 期限が早すぎます",
    ),
    "poll_far": (
        422,
        "Validation failed: Expires at is too far into the future",
        "バリデーションに失敗しました: 期限が長すぎます",
    ),
    "poll_and_media": (
        422,
        "Validation failed: A poll cannot be attached to a post with media",
        "バリデーションに失敗しました: アンケートとメディアは同時に添付できません",
    ),
    "poll_over": (422, "The poll has already ended", "アンケートは既に終了しています"),
    "poll_own": (422, "You cannot vote in your own polls", "自分のアンケートには投票できません"),
    "poll_voted": (
        422,
        "You have already voted on this poll",
        "あなたは既にこのアンケートに投票しています",
    ),
    "poll_choice": (
        422,
        "The chosen vote option does not exist",
        "選択した投票の選択肢は存在しません",
    ),
    "quoted": (
        422,
        "Validation failed: The post you are trying to quote does not appear to exist.",
        "バリデーションに失敗しました: 引用しようとしている投稿は存在しないようです。",
    ),
    "quoted_unnamed": (
        422,
        "Validation failed: Cannot quote a non-mentioned user in a Private Mention post.",
        "バリデーションに失敗しました: メンションされていないユーザーは引用できません。",
    ),
    "quote_and_media": (
        422,
        "Validation failed: Quoting is not allowed with media attachments or polls",
        "バリデーションに失敗しました: メディアやアンケートと引用は併用できません",
    ),
    "field": (422, "Validation failed: {name} is invalid", "バリデーションに失敗しました: {name}は不正です"),
    "limited": (429, "Too many requests", "リクエストが多すぎます"),
}

# What is refused with a status or an OAuth error alone, for whoever wants to see it refused.
SAMPLES: dict[str, tuple[int, str]] = {
    "invalid_client": (401, "invalid_client"),
    "invalid_grant": (400, "invalid_grant"),
    "invalid_scope": (400, "invalid_scope"),
    "400": (400, "Duplicate idempotency key."),
    "401": (401, "The access token is invalid"),
    "403": (403, "This action is not allowed"),
    "404": (404, "Record not found"),
    "410": (410, "Gone"),
    "413": (413, "<html><title>413 Request Entity Too Large</title></html>"),
    "422": (422, "Duplicate record"),
    "processing thumbnail": (500, "Error processing thumbnail for uploaded media"),
    "503": (503, "Remote data could not be fetched"),
    "503/later": (503, "Service Unavailable"),
}
