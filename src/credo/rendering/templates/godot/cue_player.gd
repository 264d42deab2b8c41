extends Node
## Plays a cue that adapts: a loop of layers that come and go with an intensity, stingers and
## transitions that begin on the bars and beats of the loop, and short effects.
##
## To use it in a game, copy this file, cue.json and the folder audio, put the script on a Node,
## and call start(), set_intensity(), play_stinger(), play_transition() and play_effect().
## It needs Godot 4.3 or newer.

## The loop reached a beat, both counted from 1.
signal beat_passed(bar: int, beat: int)
## A transition or the whole cue has come to its end.
signal ended

## How long a layer takes to come or go.
const FADE_SECONDS := 0.5
## How long the loop takes to fall silent under a transition.
const CUT_SECONDS := 0.05
## How long before its beat a stinger is started; less than the silence that its file begins with.
const AHEAD_SECONDS := 0.2
## A beat that is nearer than this is missed, and the next one is taken.
const SOON_SECONDS := 0.02

@export_file("*.json") var cue_path := "res://cue.json"

## What cue.json says.
var cue: Dictionary
## From 0 to 1: a layer is heard from its threshold on.
var intensity := 0.5

var _loop := AudioStreamPlayer.new()
var _layers := AudioStreamSynchronized.new()
var _levels: Array[float] = []  # of each layer, 0 to 1, as it is now
var _heard := 0.5  # the intensity that the layers follow; it takes over the wanted one at a bar
var _rounds := 0  # how often the loop has gone round
var _last := 0.0  # seconds in the loop, as they were in the frame before
var _beat := -1  # beats since the start
var _queue: Array[Dictionary] = []  # what is to begin, and when
var _end := INF  # when a transition takes over from the loop
var _players := {}  # an AudioStreamPlayer for every file


func _ready() -> void:
	# JSON is a resource to Godot, so load() finds it in an exported game as well.
	cue = (load(cue_path) as JSON).data
	add_child(_loop)
	if has_loop():
		# Streams of an AudioStreamSynchronized are mixed together and cannot drift apart.
		# It takes 32 at most.
		_layers.stream_count = mini(cue.loop.layers.size(), AudioStreamSynchronized.MAX_STREAMS)
		for index in _layers.stream_count:
			var stream := load_sound(cue.loop.layers[index].file)
			# An Ogg file does not loop unless told to. Its end is the end of the loop, to the sample.
			stream.loop = true
			_layers.set_sync_stream(index, stream)
			_levels.append(0.0)
		_loop.stream = _layers
	for kind: String in ["stingers", "transitions", "effects"]:
		for entry: Dictionary in cue[kind]:
			var player := _player_of(entry.file)  # read now, so that it begins at once later
			if kind == "transitions":
				player.finished.connect(ended.emit)
	if cue.mix != null:
		_player_of(cue.mix).finished.connect(ended.emit)


## A file of the cue. What the editor has imported is loaded as any resource (and is there in an
## exported game); a file that the editor has not seen is read as it is.
func load_sound(file: String) -> AudioStreamOggVorbis:
	var path := cue_path.get_base_dir().path_join(file)
	var stream: AudioStreamOggVorbis = null
	if ResourceLoader.exists(path):
		stream = load(path)
	if stream == null:
		stream = AudioStreamOggVorbis.load_from_file(path)
	return stream


func has_loop() -> bool:
	return cue.loop != null


func is_looping() -> bool:
	return _loop.playing and _end == INF


## Begin the loop with the layers of the present intensity.
func start() -> void:
	stop()
	if not has_loop():
		return
	_heard = intensity
	_rounds = 0
	_last = 0.0
	_beat = -1
	for index in _levels.size():
		_levels[index] = _wanted(index)
		_layers.set_sync_stream_volume(index, linear_to_db(_levels[index]))
	_loop.volume_db = 0.0
	_loop.play()


## End all at once.
func stop() -> void:
	_queue.clear()
	_end = INF
	_loop.stop()
	for player in _players.values():
		player.stop()


## Ask for more or less: layers change at the next bar, or at once.
func set_intensity(value: float, at_bar := true) -> void:
	intensity = clampf(value, 0.0, 1.0)
	if not at_bar or not is_looping():
		_heard = intensity


## Play a stinger over the loop, at the next beat or bar that it fits; at once where no loop is
## playing. Gives seconds until then.
func play_stinger(index: int) -> float:
	return _begin(cue.stingers[index], false)


## Play a transition at the next bar or beat, and end the loop there. Gives seconds until then.
func play_transition(index: int) -> float:
	return _begin(cue.transitions[index], true)


## Play an effect at once.
func play_effect(index: int) -> void:
	_player_of(cue.effects[index].file).play()


## Play the whole cue, from its beginning to its end.
func play_mix() -> void:
	stop()
	_player_of(cue.mix).play()


## Bar and beat of the loop, counted from 1.
func place() -> Vector2i:
	var per_bar := int(cue.loop.beats_per_bar)
	var beat := maxi(_beat, 0)
	@warning_ignore("integer_division")
	return Vector2i((beat / per_bar) % int(cue.loop.bars) + 1, beat % per_bar + 1)


## The level of a layer, from 0 to 1.
func level(index: int) -> float:
	return _levels[index] if _loop.playing else 0.0


func _process(delta: float) -> void:
	if not _loop.playing:
		return
	var now := _seconds()
	_follow_beats(now)
	for index in _levels.size():
		_levels[index] = move_toward(_levels[index], _wanted(index), delta / FADE_SECONDS)
		_layers.set_sync_stream_volume(index, linear_to_db(_levels[index]))
	for entry: Dictionary in _queue.duplicate():
		if entry.at - now <= AHEAD_SECONDS:
			_queue.erase(entry)
			_start_ahead(entry.player, entry.at)
	if now >= _end:
		_loop.volume_db = linear_to_db(maxf(1.0 - (now - _end) / CUT_SECONDS, 0.0))
		if now >= _end + CUT_SECONDS:
			_loop.stop()
			_end = INF


func _follow_beats(now: float) -> void:
	var beat := int(now / _unit_seconds("beat"))
	if beat == _beat:
		return
	var per_bar := int(cue.loop.beats_per_bar)
	@warning_ignore("integer_division")
	if _beat < 0 or beat / per_bar != _beat / per_bar:
		_heard = intensity
	_beat = beat
	var at := place()
	beat_passed.emit(at.x, at.y)


# Seconds since the loop began, at which the next block of sound will be mixed.
func _seconds() -> float:
	var now := _loop.get_playback_position()
	if now < _last - cue.loop.seconds / 2.0:
		_rounds += 1
	_last = now
	return _rounds * cue.loop.seconds + now


func _unit_seconds(sync: String) -> float:
	var bar: float = cue.loop.seconds / cue.loop.bars
	return bar / cue.loop.beats_per_bar if sync == "beat" else bar


func _begin(entry: Dictionary, ends_loop: bool) -> float:
	var player := _player_of(entry.file)
	if not is_looping():
		player.play(cue.lead_in_seconds)
		return 0.0
	var now := _seconds()
	var at := _next_line(now + SOON_SECONDS, _unit_seconds(entry.sync), entry.bars)
	_queue.append({"player": player, "at": at})
	if ends_loop:
		_end = at
	return at - now


# The next bar or beat from a moment on that lies in one of the bars; any will do if none are named.
func _next_line(from: float, unit: float, bars: Array) -> float:
	var bar_seconds := _unit_seconds("bar")
	var line := ceili(from / unit)
	for step in int(cue.loop.seconds / unit + 0.5):
		var bar := int((line + step) * unit / bar_seconds + 0.001) % int(cue.loop.bars) + 1
		if bars.is_empty() or bars.has(float(bar)):
			return (line + step) * unit
	return line * unit


# Sound that is asked for now begins with the next block that is mixed, up to some 20 milliseconds
# later, and that would be heard. So the files of stingers begin with silence: they are started
# ahead of their beat, at that point of the silence from which it is just as long to the first
# note as it is to the beat. Should a block have been mixed meanwhile, it is done again.
func _start_ahead(player: AudioStreamPlayer, at: float) -> void:
	for attempt in 3:
		var now := _seconds()
		player.play(clampf(cue.lead_in_seconds - (at - now), 0.0, cue.lead_in_seconds))
		if _seconds() == now:
			return


func _wanted(index: int) -> float:
	return 1.0 if _heard >= cue.loop.layers[index].threshold else 0.0


func _player_of(file: String) -> AudioStreamPlayer:
	if not _players.has(file):
		var player := AudioStreamPlayer.new()
		player.stream = load_sound(file)
		add_child(player)
		_players[file] = player
	return _players[file]
