package main

import (
	"fmt"
	"path/filepath"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"       // the kinds that are read
	_ "k8s.io/kubernetes/pkg/apis/batch/install"      // the same
	_ "k8s.io/kubernetes/pkg/apis/core/install"       // the same
	_ "k8s.io/kubernetes/pkg/apis/networking/install" // the same
	_ "k8s.io/kubernetes/pkg/apis/policy/install"     // the same
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const manifestsFolder = "deploy/kubernetes"

// checkKubernetes builds the base and every overlay as `kubectl apply -k` does, and checks what comes out.
func checkKubernetes(root string, h house) (all faults) {
	overlays, err := filepath.Glob(filepath.Join(root, manifestsFolder, "overlays", "*"))
	if err != nil || len(overlays) == 0 {
		all.add(manifestsFolder, "there is no overlay (%v)", err)
	}
	for _, dir := range append(overlays, filepath.Join(root, manifestsFolder, "base")) {
		name, _ := filepath.Rel(root, dir)
		objects, found := build(name, dir)
		all = append(all, found...)
		if len(found) > 0 {
			continue
		}
		c := cluster{place: name, objects: objects, house: h, deployable: filepath.Base(dir) != "base"}
		all = append(all, c.check()...)
	}
	return all
}

// build runs kustomize, reads each object strictly and has the API server's validation look at it.
func build(name, dir string) (objects []runtime.Object, all faults) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		all.add(name, "kustomize build: %v", err)
		return nil, all
	}
	strict := kjson.NewSerializerWithOptions(kjson.DefaultMetaFactory, legacyscheme.Scheme, legacyscheme.Scheme,
		kjson.SerializerOptions{Yaml: true, Strict: true})
	for _, r := range resources.Resources() {
		place := name + ": " + r.GetKind() + " " + r.GetName()
		text, err := r.AsYAML()
		if err != nil {
			all.add(place, "%v", err)
			continue
		}
		object, _, err := strict.Decode(text, nil, nil)
		if err != nil {
			all.add(place, "%v", err)
			continue
		}
		for _, fault := range validate(object.DeepCopyObject()) {
			all.add(place, "the API server refuses it: %v", fault)
		}
		objects = append(objects, object)
	}
	return objects, all
}

// cluster is what one kustomization makes of a cluster.
type cluster struct {
	place      string
	objects    []runtime.Object
	house      house
	deployable bool // an overlay: it says which image
}

// workload is whatever makes pods.
type workload struct {
	place     string
	component string // which role or step it is
	replicas  int32
	pod       corev1.PodTemplateSpec
	steady    bool // it runs until it is told to stop
}

func (c cluster) workloads() (all []workload) {
	for _, object := range c.objects {
		switch o := object.(type) {
		case *appsv1.Deployment:
			replicas := int32(1)
			if o.Spec.Replicas != nil {
				replicas = *o.Spec.Replicas
			}
			all = append(all, workload{c.at(o), o.Labels[componentLabel], replicas, o.Spec.Template, true})
		case *batchv1.Job:
			all = append(all, workload{c.at(o), o.Labels[componentLabel], 1, o.Spec.Template, false})
		case *batchv1.CronJob:
			all = append(all, workload{c.at(o), o.Labels[componentLabel], 1, o.Spec.JobTemplate.Spec.Template, false})
		}
	}
	return all
}

// of are the objects of one kind.
func of[T runtime.Object](c cluster) (all []T) {
	for _, object := range c.objects {
		if o, ok := object.(T); ok {
			all = append(all, o)
		}
	}
	return all
}

// at is the place of an object, for a person.
func (c cluster) at(o runtime.Object) string {
	name := "?"
	if m, err := meta.Accessor(o); err == nil {
		name = m.GetName()
	}
	return fmt.Sprintf("%s: %s %s", c.place, o.GetObjectKind().GroupVersionKind().Kind, name)
}
