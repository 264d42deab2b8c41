extends Control
## A window to try the cue in. All that sounds is in cue_player.gd; this only shows it and presses
## its buttons.

var _place := Label.new()
var _state := Label.new()
var _start := Button.new()
var _bars: Array[ProgressBar] = []

@onready var player: Node = $CuePlayer


func _ready() -> void:
	var cue: Dictionary = player.cue
	var column := VBoxContainer.new()
	column.set_anchors_and_offsets_preset(Control.PRESET_FULL_RECT, Control.PRESET_MODE_MINSIZE, 24)
	column.add_theme_constant_override("separation", 10)
	add_child(column)
	var title := Label.new()
	title.text = cue.title
	title.add_theme_font_size_override("font_size", 26)
	column.add_child(title)
	column.add_child(_label("%s, %s" % [cue.key, cue.metre]))
	if player.has_loop():
		_add_loop(column, cue)
	_add_buttons(column, "Stingers, at the next bar or beat they fit", cue.stingers, _on_stinger)
	_add_buttons(column, "Transitions, which end the loop", cue.transitions, _on_transition)
	_add_buttons(column, "Effects, at once", cue.effects, player.play_effect)
	if cue.mix != null:
		_add_buttons(column, "The whole cue", [{"name": "Play"}], _on_mix)
	column.add_child(_state)
	player.ended.connect(func() -> void: _state.text = "")


func _process(_delta: float) -> void:
	_start.text = "Stop" if player.is_looping() else "Start the loop"
	for index in _bars.size():
		_bars[index].value = player.level(index)
	if not player.is_looping():
		_place.text = "silent"


func _add_loop(column: VBoxContainer, cue: Dictionary) -> void:
	_start.pressed.connect(_on_start)
	_start.custom_minimum_size = Vector2(160, 0)
	column.add_child(_row([_start, _place]))
	player.beat_passed.connect(_on_beat)
	var slider := HSlider.new()
	slider.max_value = 1.0
	slider.step = 0.01
	slider.value = player.intensity
	slider.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	slider.size_flags_vertical = Control.SIZE_SHRINK_CENTER
	slider.value_changed.connect(func(value: float) -> void: player.set_intensity(value))
	column.add_child(_row([_label("Intensity"), slider]))
	for layer in cue.loop.layers:
		var bar := ProgressBar.new()
		bar.max_value = 1.0
		bar.step = 0.01
		bar.size_flags_horizontal = Control.SIZE_EXPAND_FILL
		_bars.append(bar)
		column.add_child(_row([_label("%s (from %.2f)" % [layer.name, layer.threshold]), bar]))


func _add_buttons(column: VBoxContainer, text: String, entries: Array, press: Callable) -> void:
	if entries.is_empty():
		return
	column.add_child(_label(text))
	var row := HFlowContainer.new()
	column.add_child(row)
	for index in entries.size():
		var button := Button.new()
		button.text = entries[index].name
		button.pressed.connect(press.bind(index))
		row.add_child(button)


func _row(parts: Array[Control]) -> HBoxContainer:
	var row := HBoxContainer.new()
	row.add_theme_constant_override("separation", 12)
	for part in parts:
		row.add_child(part)
	return row


func _label(text: String) -> Label:
	var label := Label.new()
	label.text = text
	label.custom_minimum_size = Vector2(200, 0)
	return label


func _on_start() -> void:
	if player.is_looping():
		player.stop()
	else:
		player.start()


func _on_beat(bar: int, beat: int) -> void:
	_place.text = "bar %d, beat %d" % [bar, beat]


func _on_mix(_index: int) -> void:
	player.play_mix()


func _on_stinger(index: int) -> void:
	_state.text = "in %.1f s" % player.play_stinger(index)


func _on_transition(index: int) -> void:
	_state.text = "the loop ends in %.1f s" % player.play_transition(index)
