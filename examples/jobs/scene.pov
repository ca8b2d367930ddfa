// A turning lattice of glass and metal under a slow sun: one frame per value of clock in [0, 1).
#version 3.7;
global_settings { assumed_gamma 1.0 max_trace_level 6 }

#declare Turn = clock * 360;

camera {
	location vrotate(<0, 3.2, -9>, <0, Turn * 0.25, 0>)
	look_at <0, 0.6, 0>
	angle 42
	right x * image_width / image_height
}

light_source { <30, 40, -20> color rgb <1.0, 0.95, 0.85> }
light_source { <-20, 15, -30> color rgb <0.25, 0.3, 0.45> shadowless }

sky_sphere {
	pigment {
		gradient y
		color_map { [0.0 rgb <0.85, 0.55, 0.35>] [0.3 rgb <0.45, 0.6, 0.8>] [1.0 rgb <0.1, 0.2, 0.45>] }
	}
}

plane {
	y, -1.2
	pigment { checker rgb <0.75, 0.68, 0.55>, rgb <0.6, 0.52, 0.4> scale 1.5 }
	finish { diffuse 0.8 reflection 0.08 }
}

#declare Column = union {
	#local I = 0;
	#while (I < 9)
		sphere { <0, I * 0.42 - 1, 0>, 0.19 }
		torus { 0.3, 0.05 rotate x * 90 * mod(I, 2) translate y * (I * 0.42 - 1) }
		#local I = I + 1;
	#end
}

union {
	#local K = 0;
	#while (K < 12)
		object {
			Column
			rotate y * (Turn + K * 30)
			translate <2.4, 0.35 * sin(radians(Turn + K * 60)), 0>
			rotate y * (K * 30 - Turn * 0.5)
			#if (mod(K, 3) = 0)
				pigment { rgbf <0.75, 0.9, 1.0, 0.85> }
				interior { ior 1.45 }
				finish { specular 0.9 roughness 0.002 reflection { 0.05, 0.6 } }
			#else
				pigment { rgb <0.85 - K * 0.04, 0.55, 0.25 + K * 0.05> }
				finish { metallic specular 0.7 roughness 0.02 reflection 0.3 diffuse 0.5 }
			#end
		}
		#local K = K + 1;
	#end
}
